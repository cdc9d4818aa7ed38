import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

const folder = mkdtempSync(join(tmpdir(), "fleetwright-start-"));
after(() => rmSync(folder, { recursive: true, force: true }));

test("packages that a link leads to are left alone when they aren't the lock file's", () => {
  const [clone, shared] = [join(folder, "clone"), join(folder, "shared")];
  for (const path of [join(clone, "infra/cli"), shared]) mkdirSync(path, { recursive: true });
  cpSync(fileURLToPath(new URL("../../../infra/cli/start.mjs", import.meta.url)), join(clone, "infra/cli/start.mjs"));
  writeFileSync(join(clone, "package.json"), '{"name": "clone", "version": "1.0.0"}');
  writeFileSync(join(clone, "package-lock.json"), '{"name": "clone", "version": "1.0.0", "lockfileVersion": 3, "packages": {}}');
  writeFileSync(join(shared, "canary"), "");
  symlinkSync(shared, join(clone, "node_modules"));
  const { status, stderr } = spawnSync(process.execPath, ["infra/cli/start.mjs", "--prepare"], { cwd: clone, encoding: "utf8" });
  assert.equal(status, 2, stderr);
  assert.match(stderr, /node_modules is a link[^]*What to do: /);
  assert.ok(existsSync(join(shared, "canary")));
});

for (const platform of ["darwin", "win32"]) {
  test(`on ${platform}, local machines are refused at once, with what is needed instead`, () => {
    const pretend = `data:text/javascript,Object.defineProperty(process,"platform",{value:"${platform}"})`;
    const start = fileURLToPath(new URL("../../../infra/cli/start.mjs", import.meta.url));
    const { status, stderr } = spawnSync(process.execPath, ["--import", pretend, start, "local"], { encoding: "utf8" });
    assert.equal(status, 2);
    assert.match(stderr, new RegExp(`Local machines need Linux.*this is ${platform}`));
    assert.match(stderr, /What to do: run this in a Debian 12 or 13 VM/);
  });
}
