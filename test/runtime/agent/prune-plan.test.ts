import assert from "node:assert/strict";
import { test } from "node:test";
import { planPrune, planRuntimes } from "../../../runtime/agent/prune-plan.ts";

const generations = [1, 2, 3, 4, 5, 6, 7].map((number) => ({
  generation: `g${number}`,
  release: `r${number}`,
  packages: `p${number}`,
  madeAtMs: number,
}));
const releases = ["r1", "r2", "r3", "r4", "r5", "r6", "r7", "staged-never-made"];
const packages = ["p1", "p2", "p3", "p4", "p5", "p6", "p7"];
const stored = { releases, packages };

test("the last five stay", () => {
  assert.deepEqual(planPrune(generations, stored, ["g7"]), {
    generations: ["g2", "g1"],
    releases: ["r1", "r2", "staged-never-made"],
    packages: ["p1", "p2"],
  });
});

test("the live and the previous one stay however old they are", () => {
  const plan = planPrune(generations, stored, ["g1", "g2"]);
  assert.deepEqual(plan.generations, ["g4", "g3"]);
  assert.deepEqual(
    [plan.releases, plan.packages],
    [
      ["r3", "r4", "staged-never-made"],
      ["p3", "p4"],
    ],
  );
});

test("more than five that are needed all stay", () => {
  const needed = ["g1", "g2", "g3", "g4", "g5", "g6"];
  assert.deepEqual(planPrune(generations, stored, needed).generations, ["g7"]);
});

test("a release that a kept generation shares with a removed one stays", () => {
  const shared = generations.map((entry) => ({ ...entry, release: "r1" }));
  assert.deepEqual(planPrune(shared, { releases: ["r1"], packages: [] }, []).releases, []);
});

test("packages that a kept generation shares with a removed one stay; those that none has go", () => {
  const shared = generations.map((entry) => ({ ...entry, packages: entry.generation === "g7" ? undefined : "p1" }));
  assert.deepEqual(planPrune(shared, { releases: [], packages: ["p1", "p2"] }, []).packages, ["p2"]);
});

test("runtime bundles go when nothing runs on them, but not just after they came", () => {
  const hour = 3_600_000;
  const bundles = ["used", "old", "fresh"].map((id) => ({ id, changedAtMs: id === "fresh" ? 9 * hour : 0 }));
  assert.deepEqual(planRuntimes(bundles, ["used"], 9 * hour + 1000), ["old"]);
});
