import { test } from "node:test";
import fc from "fast-check";
import { scenarios, simulate } from "./simulation.ts";

test("a thousand rollouts to any fleet with any faults: one release everywhere, every history true", { timeout: 3_600_000 }, async () => {
  await fc.assert(fc.asyncProperty(scenarios(fc.integer({ min: 1, max: 200 })), simulate), { numRuns: 1_000, endOnFailure: true });
});
