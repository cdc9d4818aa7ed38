import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { type TestContext, test } from "node:test";
import { bundle, withoutBuiltinImports } from "../../../infra/build/bundle.ts";
import { findRuntimeSources } from "../../../infra/build/runtime-sources.ts";
import { emptyFolder, makeFolder } from "./folders.ts";

/** The supervisor's and agent's own bundle, and what is in each of its files. */
async function fleethost(t: TestContext): Promise<{ outDir: string; modules: Record<string, string[]> }> {
  const outDir = emptyFolder(t);
  const { folder } = findRuntimeSources();
  return { outDir, modules: await bundle({ folder, entry: "main.ts", outDir, name: "fleethost" }) };
}

test("what runs on a machine has no classic zod, which costs 6 MiB of memory", async (t) => {
  const { modules } = await fleethost(t);
  const found = Object.values(modules).flat();
  assert.deepEqual(
    found.filter((path) => /zod\/v\d\/classic\//.test(path)),
    [],
  );
  assert.ok(found.some((path) => /zod\/v\d\/mini\//.test(path)));
});

test("no file imports a module of Node's, which would load all that it offers", async (t) => {
  const { outDir, modules } = await fleethost(t);
  assert.deepEqual(readdirSync(outDir).sort(), Object.keys(modules).sort());
  for (const file of readdirSync(outDir)) {
    for (const path of importsOf(join(outDir, file))) assert.match(path, /^\.\//, file);
  }
});

test("fleethost run loads nothing of the agent, of commander, of the metrics and of the archives", async (t) => {
  const { outDir, modules } = await fleethost(t);
  const loaded = staticallyLoaded(outDir, ["fleethost.mjs", ...Object.keys(modules).filter((file) => /^fleethost-run-/.test(file))]);
  const found = [...loaded].flatMap((file) => modules[file] ?? []);
  assert.ok(found.includes("runtime/supervisor/supervisor.ts"));
  assert.deepEqual(
    found.filter((path) => /runtime\/agent\/|node_modules\/(commander|tar|prom-client)\//.test(path)),
    [],
  );
});

/** Not what it imports later. */
const importsOf = (file: string): string[] =>
  [...readFileSync(file, "utf8").matchAll(/^(?:import|export)\b[^;"'(]*"([^"]+)";$/gm)].map(([, path = ""]) => path);

function staticallyLoaded(folder: string, files: readonly string[]): Set<string> {
  const loaded = new Set<string>();
  const visit = (file: string): void => {
    if (loaded.has(file)) return;
    loaded.add(file);
    for (const path of importsOf(join(folder, file))) visit(basename(path));
  };
  for (const file of files) visit(file);
  return loaded;
}

test("modules of Node's are had all the same: named, renamed, whole, by require, and where a package names one `process`", async (t) => {
  const folder = makeFolder(t, {
    "src/main.ts": [
      'import fs, { existsSync as isThere } from "node:fs";',
      'import * as path from "node:path";',
      'import process from "node:process";',
      'import {\n  sep,\n  join as joined,\n} from "path";',
      'import old from "./old.cjs";',
      "console.log(typeof fs.statSync, typeof isThere, path.sep === sep && path.join === joined, process.pid > 0, old);",
    ].join("\n"),
    "src/old.cjs": 'module.exports = require("os").EOL.length + require("node:fs/promises").constants.F_OK;\n',
  });
  const outDir = emptyFolder(t);
  await bundle({ folder: join(folder, "src"), entry: "main.ts", outDir, name: "it" });
  assert.equal(execFileSync(process.execPath, [join(outDir, "it.mjs")], { encoding: "utf8" }), "function function true true 1\n");
});

test("an import that isn't understood is not passed over", () => {
  assert.throws(() => withoutBuiltinImports('import { default as fs } from "node:fs";\n'), /an import that we don't understand/);
  assert.throws(() => withoutBuiltinImports('import {\n  default as fs\n} from "node:fs";\n'), /an import that we don't understand/);
  assert.throws(() => withoutBuiltinImports('export * from "node:fs";\n'), /an import that we don't understand/);
});
