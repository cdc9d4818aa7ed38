import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { renderEnvironmentFile } from "../../../runtime/agent/environment.ts";

test("quotes, dollars, backticks, backslashes and newlines are kept as they are", () => {
  assert.equal(
    renderEnvironmentFile({ B: 'say "hi" $HOME `id` \\n', A: "two\nlines" }),
    'A="two\nlines"\nB="say \\"hi\\" \\$HOME \\`id\\` \\\\n"\n',
  );
});

// sh reads double quotes by the same rule as systemd: a backslash is special before these four only.
test("a shell that reads the file gets every value back", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "fleetwright-environment-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const text = fc.string({ unit: "grapheme" }).filter((value) => !value.includes("\0"));
  const tricky = fc.string({
    unit: fc.constantFrom('"', "'", "$", "`", "\\", "\n", "\r", " ", "#", ";", "%", "a", "=", "é"),
  });
  const values = fc.sample(fc.oneof(text, tricky), {
    numRuns: 500,
    seed: 4711,
  });
  const environment = Object.fromEntries(values.map((value, index) => [`FW_${String(index).padStart(3, "0")}`, value]));
  const path = join(folder, "environment");
  writeFileSync(path, renderEnvironmentFile(environment));
  const read = execFileSync("sh", ["-c", `set -a; . "$1"; exec env -0`, "sh", path], { encoding: "utf8", env: { PATH: process.env.PATH } });
  const found = read
    .split("\0")
    .filter((entry) => entry.startsWith("FW_"))
    .map((entry) => [entry.slice(0, 6), entry.slice(7)]);
  assert.deepEqual(Object.fromEntries(found), environment);
});
