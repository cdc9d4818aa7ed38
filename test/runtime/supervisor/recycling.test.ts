import assert from "node:assert/strict";
import { test } from "node:test";
import { lifetimeMs, MemoryWatch, requestBudget } from "../../../runtime/supervisor/recycling.ts";
import { Rig } from "./rig.ts";

test("a budget of requests is the configured number and up to the jitter more", () => {
  assert.equal(requestBudget(undefined, 0.5), null);
  assert.equal(requestBudget({ maxRequests: 100 }, 0.999), 100);
  const budgets = [0, 0.5, 0.999].map((random) => requestBudget({ maxRequests: 100, maxRequestsJitter: 10 }, random));
  assert.deepEqual(budgets, [100, 105, 110]);
});

test("a lifetime loses up to a tenth by chance", () => {
  assert.equal(lifetimeMs({}, 0.5), null);
  assert.deepEqual(
    [0, 1].map((random) => lifetimeMs({ lifetimeMs: 10_000 }, random)),
    [10_000, 9_000],
  );
});

test("memory: three samples above the limit, one after the other", () => {
  const watch = new MemoryWatch(100);
  const take = (memoryMiB: number | null) => watch.take(new Map([[1, memoryMiB]]));
  assert.deepEqual([101, 101, 100, 101, 101, null, 101, 101].map(take).flat(), []);
  assert.deepEqual(take(101), [1]);
});

test("memory: a worker that was away in between is counted anew", () => {
  const watch = new MemoryWatch(100);
  for (let count = 0; count < 2; count++) watch.take(new Map([[1, 200]]));
  watch.take(new Map());
  assert.deepEqual(watch.take(new Map([[1, 200]])), []);
});

test("workers that are spent at the same time are replaced one after the other, the new one first", async () => {
  const rig = new Rig(2);
  await rig.allReady();
  await rig.says(1, "recycle");
  await rig.says(2, "recycle");
  assert.deepEqual([rig.started, rig.terminated], [3, []]);
  await rig.says(3, "ready");
  assert.deepEqual([rig.started, rig.terminated], [3, [1]]);
  await rig.ends(1, { code: 0, signal: null });
  assert.equal(rig.started, 4);
  await rig.says(4, "ready");
  await rig.ends(2, { code: 0, signal: null });
  assert.deepEqual(rig.status().restarts, { maxRequests: 2 });
  assert.deepEqual(rig.status().workers.pids, [1003, 1004]);
});

test("a spent worker whose successor doesn't boot works on, and is tried again later", async () => {
  const rig = new Rig(1);
  await rig.allReady();
  await rig.says(1, "recycle");
  await rig.ends(2, { code: 1, signal: null });
  assert.deepEqual([rig.started, rig.terminated, rig.status().workers.ready], [2, [], 1]);
  await rig.pass(99, [1]);
  assert.equal(rig.started, 2);
  await rig.pass(1, [1]);
  assert.equal(rig.started, 3);
});

test("a spent worker that dies before its successor is ready is not replaced twice", async () => {
  const rig = new Rig(1);
  await rig.allReady();
  await rig.says(1, "recycle");
  await rig.ends(1, { code: 1, signal: null });
  await rig.says(2, "ready");
  assert.deepEqual([rig.started, rig.status().workers.pids], [2, [1002]]);
});

test("a lifetime that is over, with the workers' ends spread by chance", async () => {
  const rig = new Rig(1, { recycle: { lifetimeMs: 3_000 } });
  await rig.allReady();
  for (let count = 0; count < 3; count++) await rig.pass(999, [1]);
  assert.equal(rig.started, 1);
  await rig.pass(3);
  assert.equal(rig.started, 2);
  await rig.says(2, "ready");
  assert.deepEqual(rig.status().restarts, { lifetime: 1 });
});

test("a worker whose memory stays above the limit is replaced; one with a peak is not", async () => {
  const rig = new Rig(2, { recycle: { memoryMiB: 100 } });
  await rig.allReady();
  const sample = async () => {
    for (let count = 0; count < 3; count++) await rig.pass(1_000, [1, 2]);
  };
  rig.memoryMiB.set(1, 101).set(2, 101);
  await sample();
  await sample();
  rig.memoryMiB.set(2, 50);
  await sample();
  assert.equal(rig.started, 3);
  await rig.says(3, "ready");
  assert.deepEqual(rig.terminated, [1]);
  assert.deepEqual(rig.status().restarts, { memory: 1 });
});
