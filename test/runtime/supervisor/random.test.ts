import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Happening, World } from "./world.ts";

const pick = fc.nat(20);

const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom<Happening>({ kind: "reload" }, { kind: "grow" }, { kind: "shrink" }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("scale" as const), workers: fc.integer({ min: 1, max: 6 }) }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant("ready" as const), pick }) },
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constantFrom("dies" as const, "finishes" as const, "leaves" as const, "spent" as const), pick }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constantFrom("ends" as const, "beats" as const), pick }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("time" as const), durationMs: fc.integer({ min: 1, max: 900 }) }) },
);

const histories = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.boolean(), fc.array(happening, { maxLength: 60 }));

test("whatever happens, in whatever order: as many workers as wanted are ready again, none too many, nobody left behind", async () => {
  const property = fc.asyncProperty(histories, async ([workers, hasAddresses, history]) => {
    const world = new World(workers, hasAddresses);
    for (const next of history) {
      await world.happen(next);
      if (world.rig.status().state === "stopping") return;
    }
    await world.calmDown();
    const { state, workers: now } = world.rig.status();
    assert.deepEqual([state, now.ready, world.alive], ["running", now.wanted, now.wanted]);
    assert.equal(await world.stop(), 0);
    assert.equal(world.alive, 0);
  });
  await fc.assert(property, { numRuns: Number(process.env.FLEETWRIGHT_RANDOM_RUNS ?? 150) });
});
