import assert from "node:assert/strict";
import { test } from "node:test";
import { nextRollStep } from "../../../runtime/supervisor/reload.ts";
import { Roster, type Slot } from "../../../runtime/supervisor/roster.ts";

const limits = { bootTimeoutMs: 1_000, livenessTimeoutMs: 500, drainTimeoutMs: 300 };

/** A roster of ready workers of epoch 0; `step` asks for the reload of epoch 1. */
function setUp(wanted: number) {
  const roster = new Roster(wanted, limits, () => 0);
  const start = (number: number, epoch: number) => roster.register(roster.slots[number - 1] as Slot, 0, epoch, 0);
  const old = roster.slots.map(({ number }) => start(number, 0));
  for (const { id } of old) roster.apply(id, "ready", 0);
  return { roster, old, start, step: () => nextRollStep(roster.slots, roster.workers, 1) };
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

test("a worker that replaced a dead one during the reload is new already", () => {
  const { roster, old, start, step } = setUp(1);
  roster.apply(old[0]?.id as number, "exited", 0);
  roster.vacate(old[0] as (typeof old)[0], 0);
  start(1, 1);
  assert.deepEqual(step(), { kind: "done" });
});

test("a vacant slot holds nothing up", () => {
  const { roster, old, step } = setUp(2);
  roster.apply(old[0]?.id as number, "exited", 0);
  roster.vacate(old[0] as (typeof old)[0], 0);
  assert.deepEqual(step(), { kind: "succeed", slot: roster.slots[1] });
});
