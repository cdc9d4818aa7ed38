import assert from "node:assert/strict";
import { test } from "node:test";
import { confirmedGeneration, planBack, planSwitch } from "../../../runtime/agent/switch-plan.ts";

test("the first generation is started, and there is nothing to go back to", () => {
  const plan = planSwitch("a1", { enabled: [], running: [], active: [] }, undefined);
  assert.deepEqual(plan, { back: undefined, start: true, stop: [] });
});

test("a generation that is live and enabled is left alone", () => {
  const plan = planSwitch("a1", { enabled: ["a1"], running: ["a1"], active: ["a1"] }, "a1");
  assert.deepEqual(plan, { back: "a1", start: false, stop: [] });
});

test("a new generation is started before the old one is stopped", () => {
  const plan = planSwitch("b2", { enabled: ["a1"], running: ["a1"], active: ["a1"] }, "a1");
  assert.deepEqual(plan, { back: "a1", start: true, stop: ["a1"] });
});

test("what an unconfirmed switch before left running is stopped too, and the enabled one is gone back to", () => {
  const plan = planSwitch("c3", { enabled: ["a1"], running: ["b2"], active: ["b2"] }, "a1");
  assert.deepEqual(plan, { back: "a1", start: true, stop: ["b2"] });
});

test("a generation that waits for its restart is started, not taken for a running one", () => {
  assert.equal(planSwitch("a1", { enabled: ["a1"], running: [], active: ["a1"] }, "a1").start, true);
});

test("of two that are enabled the record decides; of one, systemd", () => {
  assert.equal(confirmedGeneration(["a1", "b2"], "b2"), "b2");
  assert.equal(confirmedGeneration(["a1"], "b2"), "a1");
  assert.equal(confirmedGeneration([], "b2"), undefined);
});

test("going back starts the enabled one first when it doesn't run", () => {
  assert.deepEqual(planBack({ enabled: ["a1"], running: ["b2"], active: ["b2"] }, "a1"), { start: "a1", stop: ["b2"], takeDown: false });
  assert.deepEqual(planBack({ enabled: ["a1"], running: ["a1"], active: ["a1", "b2"] }, "a1"), {
    start: undefined,
    stop: ["b2"],
    takeDown: false,
  });
});

test("going back from a first switch takes the app down", () => {
  assert.deepEqual(planBack({ enabled: [], running: ["a1"], active: ["a1"] }, undefined), {
    start: undefined,
    stop: ["a1"],
    takeDown: true,
  });
});
