import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { buildRelease, type Release, targetKey } from "../../../infra/build/release.ts";
import { readPythonLock } from "../../../infra/build/requirements.ts";
import type { WorkerCommand } from "../../../runtime/manifest.ts";
import { type Files, fill, makeFolder, ownCache } from "./folders.ts";

const command = { kind: "node", module: "server.js" } as const;
const program: WorkerCommand = { kind: "command", argv: ["./bin/tool", "{port}"], listen: "port", readyAfterMs: 1_000 };
const x64 = { arch: "x64", python: "3.13" } as const;
const arm64 = { arch: "arm64", python: undefined } as const;
const files: Files = { "server.js": "export default () => {};\n", "bin/tool": { text: "#!/bin/sh\n", executable: true } };

async function build(
  t: TestContext,
  dir: string,
  targets = [x64 as { arch: "x64" | "arm64"; python: string | undefined }],
): Promise<Release & { said: string[] }> {
  const said: string[] = [];
  const release = await buildRelease({ dir, command }, targets, (line) => said.push(line));
  t.diagnostic(said.join("; "));
  return { ...release, said };
}

test("one archive for each target, with release.json and the app", async (t) => {
  ownCache(t);
  const release = await build(t, makeFolder(t, { ...files, ".env": "SECRET=1" }), [x64, arm64]);
  assert.deepEqual(Object.keys(release.archives), ["x64", "arm64"]);
  const path = release.archives.x64?.path ?? "";
  assert.deepEqual(execFileSync("tar", ["-tzf", path], { encoding: "utf8" }).trim().split("\n"), [
    "app/",
    "app/bin/",
    "app/bin/tool",
    "app/server.js",
    "release.json",
  ]);
  assert.deepEqual(JSON.parse(execFileSync("tar", ["-xzOf", path, "release.json"], { encoding: "utf8" })), {
    id: release.id,
    kind: "node",
    target: "x64",
  });
  assert.ok(
    release.said.some((line) => line.includes("secrets: .env")),
    release.said.join("\n"),
  );
});

test("the same inputs elsewhere give the same id and archives, whatever the times", async (t) => {
  ownCache(t);
  const first = await build(t, makeFolder(t, files));
  ownCache(t);
  const dir = makeFolder(t, Object.fromEntries(Object.entries(files).reverse()));
  utimesSync(join(dir, "server.js"), 5, 5);
  const second = await build(t, dir);
  assert.equal(second.id, first.id);
  assert.equal(second.archives.x64?.sha256, first.archives.x64?.sha256);
});

test("whole, it has the same id and is kept apart from its parts", async (t) => {
  ownCache(t);
  const dir = makeFolder(t, files);
  const parts = await build(t, dir);
  const whole = await buildRelease({ dir, command }, [x64], () => undefined, "whole");
  assert.deepEqual([whole.id, whole.packages], [parts.id, {}]);
  assert.notEqual(whole.archives.x64?.path, parts.archives.x64?.path);
});

test("a second build does nothing", async (t) => {
  ownCache(t);
  const dir = makeFolder(t, files);
  const first = await build(t, dir);
  const second = await build(t, dir);
  assert.deepEqual([second.archives, second.said], [first.archives, []]);
});

test("the id does not depend on which machines there are", async (t) => {
  ownCache(t);
  const dir = makeFolder(t, files);
  assert.equal((await build(t, dir, [x64])).id, (await build(t, dir, [x64, arm64])).id);
});

for (const [title, change] of [
  ["a line", (dir: string) => writeFileSync(join(dir, "server.js"), "export default 1;\n")],
  ["an x-bit", (dir: string) => chmodSync(join(dir, "server.js"), 0o755)],
  ["a new file", (dir: string) => writeFileSync(join(dir, "new"), "")],
  ["a deleted file", (dir: string) => rmSync(join(dir, "bin/tool"))],
] as const) {
  test(`another id after a change of ${title}`, async (t) => {
    ownCache(t);
    const dir = makeFolder(t, files);
    const before = await build(t, dir);
    change(dir);
    assert.notEqual((await build(t, dir)).id, before.id);
  });
}

test("a file that changes while it is packed spoils nothing", async (t) => {
  ownCache(t);
  const dir = makeFolder(t, files);
  const edit = (): void => writeFileSync(join(dir, "server.js"), "changed\n");
  await assert.rejects(buildRelease({ dir, command }, [x64], edit), /changed while the release .* was packed/);
  writeFileSync(join(dir, "server.js"), String(files["server.js"]));
  const { archives } = await build(t, dir);
  assert.equal(execFileSync("tar", ["-xzOf", archives.x64?.path ?? "", "app/server.js"], { encoding: "utf8" }), files["server.js"]);
});

test("an entry that git ignores is an error with the mend, not a release without it", async (t) => {
  ownCache(t);
  const dir = makeFolder(t, { ...files, ".gitignore": "server.js\n" });
  execFileSync("git", ["init", "-q"], { cwd: dir });
  await assert.rejects(build(t, dir), /server\.js .* is ignored by git[\s\S]*\.gitignore/);
});

test("an unpinned requirements.txt stops a build before anything is fetched", async (t) => {
  ownCache(t);
  const dir = makeFolder(t, { "main.py": "", "requirements.txt": "uvicorn\n" });
  await assert.rejects(
    buildRelease({ dir, command: { kind: "asgi", app: "main:app" } }, [x64], () => {}),
    /line 1: uvicorn/,
  );
});

test("apps with Python packages differ by Python, others don't", (t) => {
  const dir = makeFolder(t, files);
  for (const kind of ["asgi", "wsgi"] as const) assert.equal(targetKey({ dir, command: { kind, app: "main:app" } }, x64), "x64-py3.13");
  assert.equal(targetKey({ dir, command }, x64), "x64");
  assert.equal(targetKey({ dir, command: program }, x64), "x64");
  writeFileSync(join(dir, "requirements.txt"), "");
  assert.equal(targetKey({ dir, command: program }, x64), "x64-py3.13");
});

test("a command's release is its folder, with the x-bits of its programs", async (t) => {
  ownCache(t);
  const dir = makeFolder(t, files);
  const { archives } = await buildRelease({ dir, command: program }, [x64], () => {});
  const listed = execFileSync("tar", ["-tvzf", archives.x64?.path ?? ""], { encoding: "utf8" });
  assert.match(listed, /^-rwxr-xr-x .* app\/bin\/tool$/m);
  assert.match(listed, /^-rw-r--r-- .* app\/server\.js$/m);
});

test("a command with a requirements.txt has it locked, and needs no uvicorn", async (t) => {
  ownCache(t);
  const dir = makeFolder(t, { ...files, "requirements.txt": "gunicorn\n" });
  await assert.rejects(
    buildRelease({ dir, command: program }, [x64], () => {}),
    /line 1: gunicorn/,
  );
  assert.deepEqual(readPythonLock(fill(dir, { "requirements.txt": "gunicorn==23.0.0\n" }), undefined).pins, [
    { name: "gunicorn", version: "23.0.0" },
  ]);
});

test("a command with a package.json has its packages locked", async (t) => {
  ownCache(t);
  const dir = makeFolder(t, { ...files, "package.json": '{"dependencies":{"next":"1"}}' });
  await assert.rejects(
    buildRelease({ dir, command: program }, [x64], () => {}),
    /no package-lock\.json/,
  );
});

test("a command's program that git ignores is an error", async (t) => {
  ownCache(t);
  const dir = makeFolder(t, { ...files, ".gitignore": "bin\n" });
  execFileSync("git", ["init", "-q"], { cwd: dir });
  await assert.rejects(
    buildRelease({ dir, command: program }, [x64], () => {}),
    /bin\/tool .* is ignored by git/,
  );
});

test("a WSGI app is told of uvicorn and of its adapter", async (t) => {
  ownCache(t);
  const dir = makeFolder(t, { "main.py": "", "requirements.txt": "flask==3.1.0\n" });
  await assert.rejects(
    buildRelease({ dir, command: { kind: "wsgi", app: "main:app" } }, [x64], () => {}),
    /uvicorn, which serves a WSGI app[\s\S]*a2wsgi/,
  );
});
