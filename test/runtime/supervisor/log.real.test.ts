import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { closeSync, fstatSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";

const LOG = new URL("../../../runtime/supervisor/log.ts", import.meta.url).href;
const PROGRAM = `import { log } from ${JSON.stringify(LOG)}; log("warning", "Careful", { slot: 1 });`;

/** What a process writes whose stderr is a file, and whose JOURNAL_STREAM is made from that file. */
function stderrOf(t: TestContext, journalStream: (identity: string) => string): string {
  const folder = mkdtempSync(join(tmpdir(), "fw-log-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = openSync(join(folder, "stderr"), "w");
  const { dev, ino } = fstatSync(file, { bigint: true });
  spawnSync(process.execPath, ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", PROGRAM], {
    env: { ...process.env, JOURNAL_STREAM: journalStream(`${dev}:${ino}`) },
    stdio: ["ignore", "ignore", file],
  });
  closeSync(file);
  return readFileSync(join(folder, "stderr"), "utf8");
}

test("a process whose stderr is the journal writes for the journal", (t) => {
  assert.equal(
    stderrOf(t, (identity) => identity),
    "<4>Careful slot=1\n",
  );
});

test("a process that inherited JOURNAL_STREAM, but whose stderr is something else, writes for people", (t) => {
  assert.equal(
    stderrOf(t, (identity) => `${identity}1`),
    "WARNING:  Careful\n",
  );
});
