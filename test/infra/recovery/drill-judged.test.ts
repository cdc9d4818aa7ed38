import assert from "node:assert/strict";
import { test } from "node:test";
import { interruptedLines, nextLine } from "../../../infra/cli/drill.ts";
import { recordOf } from "../../../infra/recovery/drill-judged.ts";
import { drillRecordSchema } from "../../../infra/recovery/drill-record.ts";
import { sampleSet } from "./samples.ts";

const named = { id: "set", set: sampleSet() };
const times = [
  { phase: "tools" as const, wallMs: 40_000, monotonicMs: 40_000 },
  { phase: "cleanUp" as const, wallMs: 30_000, monotonicMs: 30_000 },
];
const good = { what: "it serves", problem: undefined };
const drilled = { startedAt: "2026-02-01T03:00:00.000Z", machines: 2, times, checks: [good] };

test("a drill passes when everything is as it should be, within its limit; its clean-up isn't part of the time", () => {
  for (const limitMs of [undefined, 40_000]) {
    const record = drillRecordSchema.parse(recordOf(drilled, named, limitMs));
    assert.deepEqual([record.ok, record.rtoMs, record.problem], [true, 40_000, undefined]);
  }
});

test("one that took too long fails, with both times", () => {
  const { ok, problem } = recordOf(drilled, named, 39_900);
  assert.deepEqual([ok, problem], [false, "it took 40.0 s, longer than the 39.9 s of --rto"]);
});

test("the first thing that isn't as it should be is the reason, whatever the time; without machines there is no time", () => {
  const checks = [good, { what: "second run", problem: "changed 2" }, { what: "cleared away", problem: "process 7" }];
  assert.equal(recordOf({ ...drilled, checks }, named, 1).problem, "second run: changed 2");
  const { rtoMs, machines } = recordOf({ ...drilled, machines: undefined, checks }, named, undefined);
  assert.deepEqual([rtoMs, machines], [null, 0]);
});

test("the last line is the next command", () => {
  const options = { from: "/mnt/it's", stack: "prod", rtoMs: 60_000 };
  const of = (limitMs: number): string => nextLine({ record: recordOf(drilled, named, limitMs) }, options);
  assert.match(of(60_000), /^Next: npm run fleet -- recovery status --from '\/mnt\/it'\\''s' --stack prod {2}/);
  assert.match(of(1), /^Next: mend the above; then npm run fleet -- drill --from '\/mnt\/it'\\''s' --stack prod --rto 60s$/);
});

test("a drill that was interrupted says whether something of it is left, and what to do", () => {
  const lines = (problem: string | undefined): string[] => {
    const checks = [{ what: "cleared away: no machine, network, mount, process or folder is left", problem }];
    return interruptedLines({ checks }, { from: "/mnt/store", stack: "prod" });
  };
  const next = "Next: npm run fleet -- drill --from /mnt/store --stack prod";
  assert.deepEqual(lines(undefined), ["DRILL INTERRUPTED: nothing of it is left.", next]);
  assert.deepEqual(lines("network fw1"), ["DRILL INTERRUPTED: NOT cleared away: network fw1.", next]);
});
