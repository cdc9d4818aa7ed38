/** Whether a step has to run, by what is left of the machines that know of it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { judgeOnce } from "../../../infra/rollout/once.ts";
import type { OnceEntry } from "../../../runtime/once.ts";

const step = { name: "migrate", repeatable: false };
const entry = (state: OnceEntry["state"], attempt = "a", on = "web-1"): OnceEntry => ({
  attempt,
  release: "r",
  step: "migrate",
  state,
  on,
});

test("nobody knows of it: it runs", () => {
  assert.deepEqual(judgeOnce(step, [], false), { kind: "run" });
  assert.deepEqual(judgeOnce(step, [{ ...entry("done"), step: "another" }], false), { kind: "run" });
});

test("one that failed by itself runs again; one that runs is joined", () => {
  assert.deepEqual(judgeOnce(step, [entry("failed"), entry("started")], false), { kind: "run" });
  assert.deepEqual(judgeOnce(step, [entry("started"), entry("running")], false), { kind: "join", on: "web-1", attempt: "a" });
});

test("one that died, or whose machine is gone, runs again only if it may", () => {
  for (const state of ["died", "started"] as const) {
    assert.deepEqual(judgeOnce(step, [entry(state)], false), { kind: "stuck", on: "web-1" });
    assert.deepEqual(judgeOnce(step, [entry(state)], true), { kind: "run" });
    assert.deepEqual(judgeOnce({ ...step, repeatable: true }, [entry(state)], false), { kind: "run" });
  }
});

const entries = fc.array(
  fc.record({
    attempt: fc.constantFrom("a", "b", "c"),
    release: fc.constant("r"),
    step: fc.constant("migrate"),
    state: fc.constantFrom<OnceEntry["state"]>("started", "running", "done", "failed", "died"),
    on: fc.constantFrom("web-1", "web-2"),
  }),
);

test("what is done on any record is never run again, whatever else is known, and whatever the operator says", () => {
  fc.assert(
    fc.property(entries, entries, fc.boolean(), fc.boolean(), (before, after, repeat, repeatable) => {
      assert.equal(judgeOnce({ ...step, repeatable }, [...before, entry("done"), ...after], repeat).kind, "skip");
    }),
  );
});

test("the order in which machines answer doesn't matter", () => {
  fc.assert(
    fc.property(entries, fc.boolean(), (known, repeat) => {
      assert.equal(judgeOnce(step, known, repeat).kind, judgeOnce(step, known.toReversed(), repeat).kind);
    }),
  );
});
