/** A release and its packages on a made-up machine: what is installed once, what is shared, and what that must not lead to. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { changedFiles } from "../../../runtime/agent/listing.ts";
import { putRelease } from "../../../runtime/agent/parts.ts";
import { prune } from "../../../runtime/agent/prune.ts";
import { generationOf, type Manifest } from "../../../runtime/manifest.ts";
import { type FakeAgent, fakeAgent } from "./fake-agent.ts";
import { makeArchive, type Part } from "./make-archive.ts";
import { hash, sampleManifest } from "./sample-manifest.ts";

const target = process.arch;
const PACKAGES = hash("7");
const file = (path: string, text = ""): Part => ({ path, text });
const about = (id: string, more = {}): string => JSON.stringify({ id, target, ...more });

interface Given {
  manifest: Manifest;
  archives: { release: string; packages: string };
}

/** A release with one file of its own, and packages with a module and a link. */
function given(agent: FakeAgent, id: string, { packages = PACKAGES, own = [] as Part[] } = {}): Given {
  const archive = (name: string, parts: Part[]) => {
    const folder = join(agent.root, `${name}-${id[0]}-${packages[0]}`);
    mkdirSync(folder, { recursive: true });
    return makeArchive(folder, parts);
  };
  const code = archive("code", [file("release.json", about(id, { kind: "asgi" })), file("app/main.py", `release = "${id[0]}"`), ...own]);
  const parts = [file("packages.json", about(packages)), file("python/lib.py", "lib = 1"), file("app/node_modules/a/index.js", "1")];
  const packed = archive("packages", [...parts, { path: "app/node_modules/.bin/a", type: "SymbolicLink", linkpath: "../a/index.js" }]);
  const release = { id, archive: code.expected, packages: { id: packages, archive: packed.expected } };
  return { manifest: sampleManifest({ app: { release } }), archives: { release: code.path, packages: packed.path } };
}

const release = (agent: FakeAgent, { app }: Manifest, path = ""): string => join(agent.paths.release("shop", app.release.id), path);
const inode = (path: string): number => statSync(path).ino;

async function twoReleases(t: TestContext) {
  const agent = fakeAgent(t);
  const [first, second] = [given(agent, hash("1")), given(agent, hash("2"))];
  assert.deepEqual(await putRelease(agent, first.manifest, first.archives), []);
  assert.deepEqual(await putRelease(agent, second.manifest, { release: second.archives.release }), []);
  return { agent, first, second };
}

test("what is missing is named before anything is written; packages that are there aren't asked for again", async (t) => {
  const agent = fakeAgent(t);
  const { manifest, archives } = given(agent, hash("1"));
  assert.deepEqual(await putRelease(agent, manifest, {}), ["packages", "release"]);
  assert.deepEqual(await putRelease(agent, manifest, { release: archives.release }), ["packages"]);
  assert.ok(!existsSync(agent.paths.releases("shop")) && !existsSync(agent.paths.allPackages("shop")));
  assert.deepEqual(await putRelease(agent, manifest, archives), []);
  assert.deepEqual(await putRelease(agent, given(agent, hash("2")).manifest, {}), ["release"]);
  assert.deepEqual(await putRelease(agent, manifest, {}), [], "a release that is there needs nothing");
});

test("two releases share the files of their packages, each in its own folder, and are whole without the shared one", async (t) => {
  const { agent, first, second } = await twoReleases(t);
  assert.equal(inode(release(agent, first.manifest, "python/lib.py")), inode(release(agent, second.manifest, "python/lib.py")));
  assert.equal(readlinkSync(release(agent, second.manifest, "app/node_modules/.bin/a")), "../a/index.js");
  assert.equal(readFileSync(release(agent, second.manifest, "app/main.py"), "utf8"), 'release = "2"');
  for (const name of ["packages.json", "app/packages.json"]) assert.ok(!existsSync(release(agent, second.manifest, name)));
  rmSync(agent.paths.packages("shop", PACKAGES), { recursive: true });
  assert.equal(readFileSync(release(agent, second.manifest, "python/lib.py"), "utf8"), "lib = 1");
  assert.deepEqual(await putRelease(agent, second.manifest, {}), []);
});

test("only the code of the second release is compiled", async (t) => {
  const agent = fakeAgent(t);
  const compiled: string[] = [];
  const run = agent.run;
  agent.run = async (command, args, options) => {
    if (args.includes("compileall")) compiled.push(String(args.at(-1)).replace(/^.*\/(releases|packages)\/[^/]+\//, "$1 "));
    const python = args.some((word) => word.includes("sys.version_info"));
    return python ? { code: 0, stdout: "3.13\n", stderr: "" } : run(command, args, options);
  };
  const forPython = (id: string): Given => {
    const code = makeArchive(mkdir(agent, `c${id[0]}`), [
      file("release.json", about(id, { kind: "asgi", target: `${target}-py3.13` })),
      file("app/main.py"),
    ]);
    const packed = makeArchive(mkdir(agent, `p${id[0]}`), [
      file("packages.json", about(PACKAGES, { target: `${target}-py3.13` })),
      file("python/lib.py"),
    ]);
    const packages = { id: PACKAGES, archive: packed.expected };
    return {
      manifest: sampleManifest({ app: { release: { id, archive: code.expected, packages } } }),
      archives: { release: code.path, packages: packed.path },
    };
  };
  for (const id of [hash("1"), hash("2")]) {
    const { manifest, archives } = forPython(id);
    await putRelease(agent, manifest, archives);
  }
  assert.deepEqual(compiled, ["packages python", "releases app", "releases app"]);
});

function mkdir(agent: FakeAgent, name: string): string {
  const folder = join(agent.root, name);
  mkdirSync(folder);
  return folder;
}

test("a package's file that somebody edited is drift of each release that has it, and packages and release are asked for again", async (t) => {
  const { agent, first, second } = await twoReleases(t);
  writeFileSync(release(agent, first.manifest, "python/lib.py"), "lib = 1  # edited");
  assert.deepEqual(await changedFiles(release(agent, second.manifest)), ["python/lib.py"]);
  assert.deepEqual(await putRelease(agent, second.manifest, {}), ["packages", "release"]);
  await putRelease(agent, second.manifest, second.archives);
  assert.equal(readFileSync(release(agent, second.manifest, "python/lib.py"), "utf8"), "lib = 1");
  assert.deepEqual(await putRelease(agent, second.manifest, {}), []);
});

test("an archive of other packages, and an app's file in the place of a package's, are refused; nothing is left behind", async (t) => {
  const agent = fakeAgent(t);
  const wanted = given(agent, hash("1"));
  const other = given(agent, hash("2"), { packages: hash("8") });
  wanted.manifest.app.release.packages = { id: PACKAGES, archive: other.manifest.app.release.packages?.archive ?? assert.fail() };
  await assert.rejects(
    putRelease(agent, wanted.manifest, { ...wanted.archives, packages: other.archives.packages }),
    /holds packages 888.*wants 777/,
  );
  const clash = given(agent, hash("3"), { own: [file("python/lib.py", "mine")] });
  await assert.rejects(putRelease(agent, clash.manifest, clash.archives), /both have .*python\/lib\.py/);
  assert.ok(!existsSync(release(agent, clash.manifest)));
});

test("packages go when no release that is kept has them", async (t) => {
  const agent = fakeAgent(t);
  const old = given(agent, hash("1"), { packages: hash("8") });
  const live = given(agent, hash("2"));
  for (const { manifest, archives } of [old, live]) {
    await putRelease(agent, manifest, archives);
    const generation = agent.paths.generation("shop", generationOf(manifest));
    mkdirSync(generation, { recursive: true });
    writeFileSync(join(generation, "manifest.json"), JSON.stringify(manifest));
  }
  await prune(agent, "shop", [generationOf(live.manifest)]);
  assert.ok(existsSync(agent.paths.packages("shop", hash("8"))));
  rmSync(agent.paths.generation("shop", generationOf(old.manifest)), { recursive: true, force: true });
  await prune(agent, "shop", [generationOf(live.manifest)]);
  assert.deepEqual(
    [existsSync(agent.paths.packages("shop", hash("8"))), existsSync(agent.paths.packages("shop", PACKAGES))],
    [false, true],
  );
});
