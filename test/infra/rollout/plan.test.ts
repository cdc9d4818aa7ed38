import assert from "node:assert/strict";
import { test } from "node:test";
import { batches } from "../../../infra/rollout/batches.ts";
import { decide, reach } from "../../../infra/rollout/plan.ts";
import { fingerprintOf, generationOf, type Manifest } from "../../../runtime/manifest.ts";
import { manifest, observed, reportOf } from "../../support/samples.ts";

test("a machine that reports what is wanted contributes the id it was given, so nothing differs", () => {
  const decision = decide(manifest(), "id", observed(reportOf(manifest(), { applyId: "earlier" })));
  assert.deepEqual(decision, { applyId: "earlier", matches: true, change: "no change" });
});

test("the run after a mend is quiet: the id of the mend is what the machine reports then", () => {
  const before = observed(reportOf(manifest(), { generation: "0000000000000000" }));
  const mend = decide(manifest(), "id", before);
  assert.equal(mend.matches, false);
  const after = decide(manifest(), "id", observed(reportOf(manifest(), { applyId: mend.applyId })));
  assert.deepEqual([after.matches, after.applyId], [true, mend.applyId]);
});

test("a preview and the update after it decide the same", () => {
  const sight = observed(reportOf(manifest(), { release: "f".repeat(64), generation: "1111111111111111" }));
  assert.deepEqual(decide(manifest(), "id", sight), decide(manifest(), "id", sight));
});

test("worker pids, load and a degraded moment are no difference", () => {
  const busy = reportOf(manifest(), { workers: { wanted: 2, ready: 1, pids: [9] }, health: { state: "degraded", detail: "1 of 2" } });
  assert.equal(decide(manifest(), "id", observed(busy)).matches, true);
});

const differences: [string, Partial<ReturnType<typeof reportOf>>, RegExp][] = [
  [
    "another release",
    { manifestHash: "x", generation: "2222222222222222", release: "b".repeat(64) },
    /^new generation \(release bbbbbbbb -> /,
  ],
  [
    "another runtime",
    { manifestHash: "x", generation: "2222222222222222", runtime: "c".repeat(64) },
    /^new generation \(runtime cccccccc -> /,
  ],
  ["changed settings of the app", { manifestHash: "x", generation: "2222222222222222" }, /the app's settings/],
  ["something that the machine doesn't tell apart", { manifestHash: "x" }, /the machine's settings; no process of the app restarts/],
  ["a switch that was never confirmed", { unconfirmed: "3333333333333333" }, /an unfinished switch to 3333/],
  ["an app that is down", { health: { state: "down", detail: "unit failed" } }, /the app is down \(unit failed\)/],
];
for (const [name, changed, told] of differences) {
  test(`${name} makes a machine differ, and the preview says so`, () => {
    const decision = decide(manifest(), "id", observed(reportOf(manifest(), changed)));
    assert.equal(decision.matches, false);
    assert.match(decision.change, told);
  });
}

test("a machine with nothing on it, or not there yet, gets a first release", () => {
  for (const sight of [observed(), undefined]) assert.match(decide(manifest(), "id", sight).change, /^first release/);
});

test("another machine behind the same name gets another id", () => {
  assert.notEqual(decide(manifest(), "one", undefined).applyId, decide(manifest(), "two", undefined).applyId);
});

test("the first machine is switched alone, the others in batches", () => {
  assert.deepEqual(batches([1, 2, 3, 4, 5, 6], 2), [[1], [2, 3], [4, 5], [6]]);
  assert.deepEqual(batches([], 2), []);
});

test("unreachable machines stop a rollout unless they are few enough or all named", () => {
  assert.equal(reach(["a"], { maxUnreachable: 0, skip: [] }).verdict, "stop");
  assert.equal(reach(["a"], { maxUnreachable: 1, skip: [] }).verdict, "go on");
  assert.equal(reach(["a", "b"], { maxUnreachable: 1, skip: ["a"] }).verdict, "stop");
  assert.equal(reach(["a", "b"], { maxUnreachable: 0, skip: ["a", "b", "c"] }).verdict, "go on");
});

test("the generation depends on the app and the runtime, not on HTTPS or the order of keys", () => {
  const base = manifest();
  const reordered = JSON.parse(JSON.stringify({ ...base, app: Object.fromEntries(Object.entries(base.app).reverse()) })) as Manifest;
  assert.equal(generationOf(reordered), generationOf(base));
  assert.equal(generationOf({ ...base, https: { ...base.https, mode: "none" } }), generationOf(base));
  assert.notEqual(generationOf({ ...base, runtime: "d".repeat(64) }), generationOf(base));
  assert.notEqual(fingerprintOf({ ...base, https: { ...base.https, mode: "none" } }), fingerprintOf(base));
});

test("the same release packed by another computer's compressor is the same generation", () => {
  const base = manifest();
  const repacked = { ...base, app: { ...base.app, release: { ...base.app.release, archive: { sha256: "9".repeat(64), bytes: 7 } } } };
  assert.equal(generationOf(repacked), generationOf(base));
  assert.equal(fingerprintOf(repacked), fingerprintOf(base));
});

test("drift is a change, is named, and has an id that is the same in preview and update", () => {
  const of = manifest();
  const drifted = observed(reportOf(of, { drift: ["/unit was changed"] }));
  const decision = decide(of, "id", drifted);
  assert.deepEqual([decision.matches, decision.change], [false, "drift: /unit was changed"]);
  assert.equal(decide(of, "id", drifted).applyId, decision.applyId);
  assert.notEqual(decide(of, "id", observed(reportOf(of, { drift: ["other"] }))).applyId, decision.applyId);
  assert.equal(decide(of, "id", observed(reportOf(of, { drift: [], notes: ["a reboot is due"] }))).matches, true);
});

test("after a rollback the preview says who went back, and that this brings the left release back", () => {
  const wanted = manifest();
  const live = manifest({ app: { ...wanted.app, release: { ...wanted.app.release, id: "9".repeat(64) } } });
  const rolledBack = { from: wanted.app.release.id, at: "2026-01-01T00:00:00.000Z", by: "ann@laptop" };
  const { change } = decide(wanted, "id", observed(reportOf(live, { rolledBack })));
  assert.equal(
    change,
    "new generation (release 99999999 -> 11111111); " +
      "rolled back from 11111111 at 2026-01-01T00:00:00.000Z by ann@laptop: this brings it back",
  );
});
