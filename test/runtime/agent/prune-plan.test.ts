import assert from "node:assert/strict";
import { test } from "node:test";
import { planPrune } from "../../../runtime/agent/prune-plan.ts";

const generations = [1, 2, 3, 4, 5].map((number) => ({ generation: `g${number}`, release: `r${number}`, madeAtMs: number }));
const releases = ["r1", "r2", "r3", "r4", "r5", "staged-never-made"];

test("the last three stay", () => {
  assert.deepEqual(planPrune(generations, releases, ["g5"]), { generations: ["g2", "g1"], releases: ["r1", "r2", "staged-never-made"] });
});

test("the live and the previous one stay however old they are", () => {
  const plan = planPrune(generations, releases, ["g1", "g2"]);
  assert.deepEqual(plan.generations, ["g4", "g3"]);
  assert.deepEqual(plan.releases, ["r3", "r4", "staged-never-made"]);
});

test("more than three that are needed all stay", () => {
  assert.deepEqual(planPrune(generations, releases, ["g1", "g2", "g3", "g4"]).generations, ["g5"]);
});

test("a release that a kept generation shares with a removed one stays", () => {
  const shared = generations.map((entry) => ({ ...entry, release: "r1" }));
  assert.deepEqual(planPrune(shared, ["r1"], []).releases, []);
});
