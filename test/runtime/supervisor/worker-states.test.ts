import assert from "node:assert/strict";
import { test } from "node:test";
import {
  beatIntervalMs,
  stateLimitMs,
  type WorkerAction,
  type WorkerEvent,
  type WorkerState,
  workerTable,
} from "../../../runtime/supervisor/worker-states.ts";

type Row = readonly [WorkerState, WorkerEvent, WorkerState | "gone", WorkerAction, why: string];

const rows: readonly Row[] = [
  ["booting", "ready", "ready", "welcome", "a worker that says ready takes its slot"],
  ["booting", "beat", "booting", "none", "a beat does not stretch the boot deadline"],
  ["booting", "leaving", "draining", "replace", "a worker told to end by somebody else while booting is replaced"],
  ["booting", "recycle", "booting", "none", "it has not done anything yet"],
  ["booting", "delist", "draining", "terminate", "nobody uses its address yet"],
  ["booting", "retire", "draining", "terminate", "a booting worker that isn't wanted any more gets TERM"],
  ["booting", "force", "killed", "kill", "a booting worker can be killed"],
  ["booting", "deadline", "killed", "killStuck", "a boot that takes too long is a failed boot"],
  ["booting", "exited", "gone", "failBoot", "an end before ready is a failed boot, whatever its code"],
  ["ready", "ready", "ready", "none", "ready twice means nothing"],
  ["ready", "beat", "ready", "extendDeadline", "a beat buys time"],
  ["ready", "leaving", "draining", "replace", "a worker that somebody else sent TERM is replaced while it drains"],
  ["ready", "recycle", "ready", "markForRecycling", "it works on until its successor is ready"],
  ["ready", "delist", "delisted", "delist", "an address goes off the list before its worker gets TERM"],
  ["ready", "retire", "draining", "terminate", "a ready worker is drained by TERM"],
  ["ready", "force", "killed", "kill", "a ready worker can be killed"],
  ["ready", "deadline", "killed", "killSilent", "a silent loop is killed, as it would not hear TERM"],
  ["ready", "exited", "gone", "replace", "a dead worker is replaced"],
  ["delisted", "ready", "delisted", "none", "it was"],
  ["delisted", "beat", "delisted", "none", "its time is counted from the delisting"],
  ["delisted", "leaving", "draining", "none", "it need not be told any more"],
  ["delisted", "recycle", "delisted", "none", "it goes anyway"],
  ["delisted", "delist", "delisted", "none", "once is enough"],
  ["delisted", "retire", "draining", "terminate", "somebody is in a hurry"],
  ["delisted", "force", "killed", "kill", "a forced stop waits for no proxy"],
  ["delisted", "deadline", "draining", "terminate", "by now nobody uses its address"],
  ["delisted", "exited", "gone", "none", "its slot was given away when it was delisted"],
  ["draining", "ready", "draining", "none", "ready after TERM comes too late"],
  ["draining", "beat", "draining", "none", "a beat does not stretch the drain deadline"],
  ["draining", "leaving", "closed", "none", "it has done what it was told to, but for what it still answers"],
  ["draining", "recycle", "draining", "none", "it goes anyway"],
  ["draining", "delist", "draining", "none", "it takes no connections any more"],
  ["draining", "retire", "draining", "none", "TERM is sent once"],
  ["draining", "force", "killed", "kill", "a forced stop ends a drain"],
  ["draining", "deadline", "killed", "killLate", "a drain that takes too long ends with KILL"],
  ["draining", "exited", "gone", "none", "it ended as wanted"],
  ["closed", "ready", "closed", "none", "ready after TERM comes too late"],
  ["closed", "beat", "closed", "none", "a beat does not stretch the drain deadline"],
  ["closed", "leaving", "closed", "none", "once is enough"],
  ["closed", "recycle", "closed", "none", "it goes anyway"],
  ["closed", "delist", "closed", "none", "it takes no connections any more"],
  ["closed", "retire", "closed", "none", "TERM is sent once"],
  ["closed", "force", "killed", "kill", "a forced stop ends a drain"],
  ["closed", "deadline", "killed", "killLate", "a drain that takes too long ends with KILL"],
  ["closed", "exited", "gone", "none", "it ended as wanted"],
  ["killed", "ready", "killed", "none", "words of the dead"],
  ["killed", "beat", "killed", "none", "words of the dead"],
  ["killed", "leaving", "killed", "none", "words of the dead"],
  ["killed", "recycle", "killed", "none", "words of the dead"],
  ["killed", "delist", "killed", "none", "KILL is enough"],
  ["killed", "retire", "killed", "none", "KILL is enough"],
  ["killed", "force", "killed", "kill", "a forced stop tries again"],
  ["killed", "deadline", "killed", "none", "it has none"],
  ["killed", "exited", "gone", "none", "its slot was given away when it was killed"],
];

for (const [state, event, next, action, why] of rows) {
  test(`${state} worker, ${event}: ${why}`, () => {
    assert.deepEqual(workerTable[state][event], { next, action });
  });
}

test("every cell of the worker table is spelled out above", () => {
  const cells = Object.entries(workerTable).flatMap(([state, events]) => Object.keys(events).map((event) => `${state} ${event}`));
  assert.deepEqual(rows.map(([state, event]) => `${state} ${event}`).sort(), cells.sort());
});

test("boot, silence and drain have limits of their own", () => {
  const limits = { bootTimeoutMs: 60_000, livenessTimeoutMs: 30_000, drainTimeoutMs: 20_000, delistWaitMs: 1_500 };
  assert.equal(stateLimitMs("booting", limits), 60_000);
  assert.equal(stateLimitMs("ready", limits), 35_000, "silence may begin right before a beat was due");
  assert.equal(stateLimitMs("ready", { ...limits, livenessTimeoutMs: null }), null, "nothing beats");
  assert.equal(stateLimitMs("delisted", limits), 1_500);
  assert.equal(stateLimitMs("draining", limits), 22_000);
  assert.equal(stateLimitMs("closed", limits), 22_000, "after a computer's sleep, the same time anew");
  assert.equal(stateLimitMs("killed", limits), null);
});

test("a worker beats several times within the liveness deadline, and never in a frenzy", () => {
  assert.equal(beatIntervalMs(30_000), 5_000);
  assert.equal(beatIntervalMs(1_000), 200);
  assert.equal(beatIntervalMs(1), 50);
});
