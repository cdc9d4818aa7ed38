import assert from "node:assert/strict";
import { test } from "node:test";
import { nextRollStep } from "../../../runtime/supervisor/roll.ts";
import { Roster, type Slot } from "../../../runtime/supervisor/roster.ts";

const limits = { bootTimeoutMs: 1_000, livenessTimeoutMs: 500, drainTimeoutMs: 300, delistWaitMs: 100 };

/** A roster of ready workers of epoch 0; `step` asks for the reload of epoch 1. */
function setUp(wanted: number) {
  const roster = new Roster(wanted, limits, () => 0);
  const start = (number: number, epoch: number) => roster.register(roster.slots[number - 1] as Slot, { pid: 0, address: null }, epoch, 0);
  const old = roster.slots.map(({ number }) => start(number, 0));
  for (const { id } of old) roster.apply(id, "ready", 0);
  const step = (proven = false) => nextRollStep(roster.slots, roster.workers, { epoch: 1, proven }, 0);
  return { roster, old, start, step };
}

test("the first slot with an old worker is rolled first", () => {
  const { roster, step } = setUp(2);
  assert.deepEqual(step(), { kind: "succeed", slot: roster.slots[0] });
});

test("no second successor while one boots", () => {
  const { start, step } = setUp(2);
  start(1, 1);
  assert.equal(step().kind, "wait");
});

test("the next slot waits until the replaced worker has ended, so there is one process too many at most", () => {
  const { roster, start, step } = setUp(2);
  const successor = start(1, 1);
  roster.apply(successor.id, "ready", 0);
  const replaced = roster.promote(successor);
  roster.apply(replaced?.id as number, "retire", 0);
  assert.equal(step().kind, "wait");
  roster.apply(replaced?.id as number, "exited", 0);
  assert.deepEqual(step(), { kind: "succeed", slot: roster.slots[1] });
});

test("a worker that replaced a dead one after the canary is new already", () => {
  const { roster, old, start, step } = setUp(1);
  roster.apply(old[0]?.id as number, "exited", 0);
  roster.vacate(old[0] as (typeof old)[0], false, 0);
  const { id } = start(1, 1);
  roster.apply(id, "ready", 0);
  assert.deepEqual(step(true), { kind: "done" });
});

test("a vacant slot is the canary's, as nothing has to make room there; later it holds nothing up", () => {
  const { roster, old, step } = setUp(2);
  roster.apply(old[1]?.id as number, "exited", 0);
  roster.vacate(old[1] as (typeof old)[0], false, 0);
  assert.deepEqual(step(), { kind: "succeed", slot: roster.slots[1] });
  assert.deepEqual(step(true), { kind: "succeed", slot: roster.slots[0] });
});

test("workers to be recycled are rolled without a reload, one at a time, and not before the slot's wait is over", () => {
  const { roster, old, start } = setUp(2);
  const roll = (nowMs = 0) => nextRollStep(roster.slots, roster.workers, null, nowMs);
  assert.equal(roll().kind, "done");
  for (const worker of old) roster.markForRecycling(worker, "lifetime");
  assert.deepEqual(roll(), { kind: "succeed", slot: roster.slots[0] });
  const failed = start(1, 0);
  assert.equal(roll().kind, "wait");
  roster.apply(failed.id, "exited", 0);
  roster.vacate(failed, false, 0);
  assert.deepEqual(roll(), { kind: "succeed", slot: roster.slots[1] }, "the other slot goes first");
  assert.deepEqual(roll(100), { kind: "succeed", slot: roster.slots[0] });
});
