import assert from "node:assert/strict";
import { test } from "node:test";
import { Rig } from "./rig.ts";

/** The worker started last in each of `slots` fails; then time passes until all have others. */
async function failAll(rig: Rig, slots: number, beating: readonly number[] = []): Promise<void> {
  const last = rig.started;
  for (let number = last - slots + 1; number <= last; number++) await rig.ends(number, { code: 1, signal: null });
  for (let count = 0; count < 160 && rig.started < last + slots; count++) await rig.pass(100, beating);
}

test("workers were ready once, then every slot fails again and again: exit code 4", async () => {
  const rig = new Rig(2);
  await rig.allReady();
  for (let round = 0; round < 7; round++) await failAll(rig, 2);
  assert.equal(rig.started, 16);
  assert.equal(rig.status().state, "running");
  await failAll(rig, 2);
  assert.equal(await rig.exit, 4);
  assert.match(rig.logged.join("\n"), /Every worker fails again and again, and none is ready: the last one exited with code 1/);
});

test("one slot that fails again and again does not end the others", async () => {
  const rig = new Rig(2);
  await rig.allReady();
  await failAll(rig, 1, [1]);
  for (let round = 0; round < 12; round++) await failAll(rig, 1, [1]);
  assert.deepEqual([rig.status().state, rig.status().workers.ready], ["running", 1]);
});

test("restarts are counted by reason", async () => {
  const rig = new Rig(2);
  await rig.allReady();
  await rig.ends(1, { code: 1, signal: null });
  await rig.says(3, "ready");
  rig.oomKill = true;
  await rig.ends(2, { code: null, signal: "SIGKILL" });
  await rig.says(4, "ready");
  await rig.says(3, "leaving");
  assert.deepEqual(rig.status().restarts, { crashed: 1, outOfMemory: 1, left: 1 });
});

test("a worker that ends by itself with code 0 is replaced at once, again and again", async () => {
  const rig = new Rig(1);
  await rig.allReady();
  for (let number = 1; number <= 20; number++) {
    for (let count = 0; count < 2; count++) await rig.pass(999, [number]);
    await rig.ends(number, { code: 0, signal: null });
    assert.equal(rig.started, number + 1);
    await rig.says(number + 1, "ready");
  }
  assert.deepEqual(rig.status().restarts, { finished: 20 });
});

test("each worker is reported, with what it counts", async () => {
  const rig = new Rig(2);
  await rig.pass(500);
  await rig.says(1, "ready");
  await rig.says(1, "beat", { requests: 7, active: 1, connections: 2 });
  const [first, second] = rig.status().each;
  assert.deepEqual(first, {
    slot: 1,
    pid: 1001,
    state: "ready",
    epoch: 0,
    uptimeMs: 500,
    bootMs: 500,
    address: null,
    requests: 7,
    active: 1,
    connections: 2,
    memoryMiB: 10,
    recycling: null,
  });
  assert.deepEqual([second?.state, second?.bootMs, second?.requests], ["booting", null, null]);
});
