import { test } from "node:test";
import fc from "fast-check";
import { scenarios, simulate } from "./simulation.ts";

test("200 machines: all are on the new release", () => simulate({ machines: 200, batch: "25%", faults: [] }));

test("200 machines, and up to three with any fault at any step: one release everywhere, every history true", async () => {
  await fc.assert(fc.asyncProperty(scenarios(fc.constant(200)), simulate), { numRuns: 5, endOnFailure: true });
});

test("any fleet, any batch, any faults: one release everywhere, every history true", async () => {
  await fc.assert(fc.asyncProperty(scenarios(fc.integer({ min: 1, max: 12 })), simulate), { numRuns: 20, endOnFailure: true });
});
