import assert from "node:assert/strict";
import { test } from "node:test";
import { type Evidence, judge, judgeClocks } from "../../../infra/recovery/judge.ts";
import { pinsOf } from "../../../infra/recovery/pins-of-set.ts";
import type { MachineSight, Standing } from "../../../infra/recovery/sight.ts";
import { sampleSet } from "./samples.ts";

const LIVE = "a".repeat(64);
const chosen = { id: "set", set: sampleSet() };
const createdMs = Date.parse(chosen.set.createdAt);

const sight = (standing: Standing): MachineSight => ({ fleet: "web", name: "web-1", address: "10.0.0.1", standing });

function judged(standing: Standing, about: Partial<Evidence> = {}) {
  const pins = pinsOf(chosen);
  return judge({ chosen, pins, named: false, begunMs: null, storeSkewMs: 0, sights: [sight(standing)], ...about });
}

const alive = (about: Partial<Extract<Standing, { state: "alive" }>> = {}): Standing => ({
  state: "alive",
  release: LIVE,
  skewMs: 0,
  changedAtMs: createdMs - 60_000,
  ...about,
});

test("a machine that runs what the store has is adopted: nobody is asked", () => {
  const { refusals, touches, machines } = judged(alive());
  assert.deepEqual([refusals, touches], [[], []]);
  assert.match(machines[0] ?? "", /adopted, not restarted/);
});

test("one that isn't there, or has nothing of ours, needs no agreement either", () => {
  for (const standing of [{ state: "absent" }, { state: "empty", skewMs: 0 }] as const) {
    const { refusals, touches } = judged(standing);
    assert.deepEqual([refusals, touches], [[], []]);
  }
});

test("one that can't be used is in the way, with what to do", () => {
  for (const state of ["silent", "refused"] as const) {
    assert.match(judged({ state, why: "another host key" }).refusals[0] ?? "", /another host key.*--machines FILE/);
  }
});

test("a release that the store doesn't know: the store is older than the fleet; a release that is named is taken at its word", () => {
  const newer = alive({ release: "f".repeat(64) });
  assert.match(judged(newer).refusals[0] ?? "", /older than the fleet/);
  const named = judged(newer, { named: true });
  assert.deepEqual(named.refusals, []);
  assert.match(named.touches[0] ?? "", /serves release ffffffff, and will be switched to aaaaaaaa/);
});

test("a change after the set has to be agreed to, by clocks that are compared; but not the recovery's own of before", () => {
  const changed = alive({ changedAtMs: createdMs + 60_000 });
  assert.match(judged(changed).touches[0] ?? "", /older than the fleet/);
  assert.deepEqual(judged(changed, { begunMs: createdMs + 30_000 }).touches, []);
  assert.deepEqual(judged(alive({ changedAtMs: createdMs + 60_000, skewMs: 60_000 })).touches, []);
});

test("another release that the store knows has to be agreed to", () => {
  const earlier = "c".repeat(64);
  const [live] = chosen.set.releases;
  assert.ok(live);
  const set = { ...chosen.set, releases: [live, { ...live, id: earlier }] };
  const { refusals, touches } = judged(alive({ release: earlier }), { chosen: { id: "set", set } });
  assert.deepEqual(refusals, []);
  assert.match(touches[0] ?? "", /will be switched to aaaaaaaa/);
});

test("clocks more than 5 s apart are shouted: a machine's and the store's", () => {
  assert.deepEqual(judged(alive({ skewMs: 4_900 })).warnings, []);
  assert.match(judged(alive({ skewMs: -6_000 })).warnings[0] ?? "", /CLOCK: web-1 .* 6 s behind/);
  assert.match(judged(alive(), { storeSkewMs: 60_000 }).warnings[0] ?? "", /CLOCK: the store is 60 s ahead of/);
  const clock = (skewMs: number) => ({ name: "web-1", address: "192.0.2.1", skewMs });
  const told = ["CLOCK: web-1 (192.0.2.1) is 7 s ahead of this computer: set one of them right"];
  assert.deepEqual(judgeClocks([clock(7_000), clock(-4_900)]), told);
});
