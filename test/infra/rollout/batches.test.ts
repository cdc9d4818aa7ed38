import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { batchCount, batches, groups } from "../../../infra/rollout/batches.ts";

const sizes = fc.integer({ min: 1, max: 300 });
const settings = fc.oneof(
  sizes,
  fc.integer({ min: 1, max: 100 }).map((percent) => `${percent}%`),
);

test("a part of the fleet is rounded up, and is never nothing", () => {
  assert.deepEqual(
    ["25%", "1%", "100%"].map((batch) => batchCount(batch, 10)),
    [3, 1, 10],
  );
  assert.equal(batchCount(4, 10), 4);
});

test("every machine is in one batch, in order; the first is alone, and no other is larger than the setting", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(), { maxLength: 300 }), settings, sizes, (machines, batch, more) => {
      const fleetSize = machines.length + more;
      const groups = batches(machines, batch, fleetSize);
      assert.deepEqual(groups.flat(), machines);
      if (machines.length > 0) assert.equal(groups[0]?.length, 1);
      for (const group of groups) assert.ok(group.length >= 1 && group.length <= batchCount(batch, fleetSize));
    }),
  );
});

test("there are no more batches than needed", () => {
  fc.assert(
    fc.property(sizes, settings, (count, batch) => {
      const groups = batches(
        Array.from({ length: count }, (_, index) => index),
        batch,
      );
      assert.equal(groups.length, 1 + Math.ceil((count - 1) / batchCount(batch, count)));
    }),
  );
});

test("what is brought back goes to all machines at once, unless one of them serves", () => {
  const machines = ["a", "b", "c", "d"];
  assert.deepEqual(groups(machines, "25%", 4, { recovers: true, serving: 0 }), [machines]);
  assert.deepEqual(groups([], "25%", 4, { recovers: true, serving: 0 }), []);
  const inBatches = batches(machines, "25%", 4);
  assert.deepEqual(groups(machines, "25%", 4, { recovers: true, serving: 1 }), inBatches);
  assert.deepEqual(groups(machines, "25%", 4, { recovers: false, serving: 0 }), inBatches);
});
