import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { exportSecrets } from "../../../runtime/agent/secret-exports.ts";
import { sampleManifest } from "./sample-manifest.ts";

const version = "1".repeat(32);
const wanting = sampleManifest({ app: { secrets: { DB: { as: "environment", version }, TLS: { as: "credential", version } } } });
const program = [process.execPath, "-e", "process.stdout.write(JSON.stringify([process.env.DB, process.env.TLS ?? null]))"];

function run(folder: string) {
  return spawnSync("/bin/sh", ["-c", `${exportSecrets(wanting)}exec "$@"`, "sh", ...program], {
    encoding: "utf8",
    env: { PATH: process.env.PATH, CREDENTIALS_DIRECTORY: folder },
  });
}

test("a step gets every byte of a secret variable, and no variable for a file", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "fleetwright-exports-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const value = `p"a$HOME's\\w\`o x\n$(second) é %n\n\n`;
  writeFileSync(join(folder, "DB"), value);
  assert.deepEqual(JSON.parse(run(folder).stdout), [value, null]);
});

test("a step doesn't run without its secrets", () => {
  const { status, stdout } = run("/nowhere");
  assert.equal(status, 1);
  assert.equal(stdout, "");
});

test("without secrets there is nothing to do", () => assert.equal(exportSecrets(sampleManifest()), ""));
