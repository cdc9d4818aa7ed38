import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { test } from "node:test";
import { Journal, type Portion } from "../../../runtime/logs/journal.ts";

/** In place of journalctl: an entry without end, in one piece after the other, then a usual one. */
const ENDLESS = `#!/bin/sh
printf '{"MESSAGE":"'
head -c 4000000 /dev/zero | tr '\\0' x
printf '"}\\n'
echo '{"__REALTIME_TIMESTAMP":"1000","__CURSOR":"second","MESSAGE":"after it","_SYSTEMD_UNIT":"shop.service"}'
exec sleep 60
`;

test("an entry that is longer than a portion is left out and counted, and those after it come", async () => {
  const folder = mkdtempSync(join(tmpdir(), "fleetwright-journal-"));
  const { PATH } = process.env;
  writeFileSync(join(folder, "journalctl"), ENDLESS);
  chmodSync(join(folder, "journalctl"), 0o755);
  process.env.PATH = [folder, PATH].join(delimiter);
  const journal = new Journal(undefined);
  try {
    const portions: Portion[] = [];
    const patience = AbortSignal.timeout(60_000);
    do portions.push(await journal.next(patience));
    while (portions.at(-1)?.entries.length === 0 && !patience.aborted);
    assert.deepEqual(
      portions.at(-1)?.entries.map(({ line }) => line.message),
      ["after it"],
    );
    assert.equal(
      portions.reduce((count, { leftOut }) => count + leftOut, 0),
      1,
    );
  } finally {
    journal.close();
    process.env.PATH = PATH;
    rmSync(folder, { recursive: true });
  }
});
