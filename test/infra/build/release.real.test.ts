/** Real pip and npm, with the registries that this computer is set up for. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { checkApp } from "../../../infra/build/app.ts";
import { nodeBinary } from "../../../infra/build/node-binary.ts";
import { buildRelease, type Release } from "../../../infra/build/release.ts";
import type { Target } from "../../../infra/machines/machine.ts";
import { emptyFolder, fill, makeFolder, ownCache } from "./folders.ts";

const examples = join(import.meta.dirname, "../../../examples");
const trixie: Target = { arch: "x64", python: "3.13" };
const bookworm: Target = { arch: "x64", python: "3.11" };

function build(dir: string, targets: Target[], said: string[] = []): Promise<Release> {
  return buildRelease(checkApp("app", { dir }), targets, (line) => said.push(line));
}

function hashes(release: Release): [string, string][] {
  return Object.entries(release.archives).map(([key, { sha256 }]) => [key, `${sha256} ${release.packages[key]?.archive.sha256}`]);
}

function unpacked(t: TestContext, release: Release, key: string): string {
  const folder = emptyFolder(t);
  for (const archive of [release.archives[key], release.packages[key]?.archive]) {
    execFileSync("tar", ["-xzf", archive?.path ?? "", "-C", folder]);
  }
  return folder;
}

/** Built before: nothing is fetched or packed, or it would be said. */
async function onlyHashed(dir: string, targets: Target[], before: Release): Promise<void> {
  const said: string[] = [];
  assert.deepEqual([await build(dir, targets, said), said], [before, []]);
}

test("the FastAPI example, for Debian 12's and 13's Python, twice: the same archives", async (t) => {
  ownCache(t);
  const first = await build(join(examples, "fastapi"), [trixie, bookworm]);
  ownCache(t);
  const old = process.umask(0o077);
  const second = await build(join(examples, "fastapi"), [trixie]).finally(() => process.umask(old));
  assert.deepEqual(Object.keys(first.archives), ["x64-py3.13", "x64-py3.11"]);
  assert.deepEqual([second.id, hashes(second)], [first.id, hashes(first).slice(0, 1)]);
  for (const [key, abi] of [
    ["x64-py3.13", "cpython-313-x86_64"],
    ["x64-py3.11", "cpython-311-x86_64"],
  ] as const) {
    const folder = unpacked(t, first, key);
    assert.ok(
      readdirSync(join(folder, "python/uvloop")).some((name) => name.includes(abi)),
      abi,
    );
    assert.equal(existsSync(join(folder, "python/bin")), false);
  }
});

test("the Node example for x64 and arm64: same packages, no registry's address in them", async (t) => {
  ownCache(t);
  const targets = [trixie, { arch: "arm64", python: undefined } as const];
  const release = await build(join(examples, "node"), targets);
  await onlyHashed(join(examples, "node"), targets, release);
  const folder = unpacked(t, release, "x64");
  assert.deepEqual(JSON.parse(execFileSync("cat", [join(folder, "release.json")], { encoding: "utf8" })), {
    id: release.id,
    kind: "node",
    target: "x64",
  });
  assert.equal(existsSync(join(folder, "app/node_modules/.package-lock.json")), false);
  const answer = execFileSync(
    process.execPath,
    ["--input-type=module", "-e", 'const { default: app } = await import("./server.ts"); console.log((await app.inject("/healthz")).body)'],
    {
      cwd: join(folder, "app"),
      encoding: "utf8",
    },
  );
  assert.equal(answer.trim(), '{"status":"ok"}');
  ownCache(t);
  assert.deepEqual(hashes(await build(join(examples, "node"), [trixie])), hashes(release).slice(0, 1));
});

const uvicorn = "uvicorn==0.54.0\nclick==8.5.1\nh11==0.16.0\n";

test("a dependency without a wheel names the package, the machine's Python and the mend", async (t) => {
  const cache = ownCache(t);
  const dir = makeFolder(t, { "main.py": "app = 1\n", "requirements.txt": `${uvicorn}docopt==0.6.2\n` });
  await assert.rejects(build(dir, [trixie]), {
    name: "FleetError",
    message: /docopt==0\.6\.2 has no wheel for Python 3\.13 on Linux x86_64[\s\S]*What to do: Pin a version that has one/,
  });
  assert.deepEqual(readdirSync(join(cache, "packages/python")), [], "a failed build leaves nothing in the cache");
});

test("a package that comes along without being locked is named", async (t) => {
  ownCache(t);
  const dir = makeFolder(t, { "main.py": "app = 1\n", "requirements.txt": "uvicorn==0.54.0\nclick==8.5.1\n" });
  await assert.rejects(build(dir, [trixie]), /missing: h11==/);
});

test("markers are decided by the machine's Python, whichever Python runs pip", async (t) => {
  ownCache(t);
  const dir = makeFolder(t, {
    "main.py": "app = 1\n",
    "requirements.txt": `${uvicorn}idna==3.20 ; python_version >= "3.13"\nsix==1.17.0 ; sys_platform == "darwin"\n`,
  });
  const release = await build(dir, [trixie, bookworm]);
  const has = (key: string, name: string): boolean => existsSync(join(unpacked(t, release, key), "python", name));
  assert.deepEqual([has("x64-py3.13", "idna"), has("x64-py3.11", "idna")], [true, false]);
  assert.equal(has("x64-py3.13", "six.py"), false);
  fill(dir, { "main.py": "app = 2\n" });
  const next = await build(dir, [trixie]);
  assert.notEqual(next.id, release.id);
  assert.deepEqual(next.packages["x64-py3.13"], release.packages["x64-py3.13"], "a line of code leaves the packages");
  assert.notEqual(release.packages["x64-py3.13"]?.id, release.packages["x64-py3.11"]?.id);
  assert.ok((next.archives["x64-py3.13"]?.bytes ?? 0) < 10_000, "and is all that the other archive has");
});

test("a package-lock.json that disagrees with package.json says so", async (t) => {
  ownCache(t);
  const dir = makeFolder(t, {
    "server.js": "",
    "package.json": '{"name":"a","version":"1.0.0","dependencies":{"fastify":"5.12.8"}}',
    "package-lock.json":
      '{"name":"a","version":"1.0.0","lockfileVersion":3,"requires":true,"packages":{"":{"name":"a","version":"1.0.0"}}}',
  });
  await assert.rejects(build(dir, [trixie]), /npm could not install[\s\S]*disagree: run `npm install`/);
});

test("Node for the other architecture comes from npm, checked against its pinned hash", async (t) => {
  ownCache(t);
  const path = await nodeBinary("arm64", () => {});
  // ELF's e_machine, at byte 18: 183 is AArch64.
  assert.equal(execFileSync("head", ["-c", "20", path])[18], 183);
});
