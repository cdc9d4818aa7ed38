import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { availableMiB, nextShift, planShift, type Side } from "../../../runtime/agent/shift-plan.ts";

const facts = { availableMiB: 1_000, workerMiB: 100, workers: 4 };

test("where all new workers fit beside the old ones, they all start", () => {
  assert.deepEqual(planShift("auto", facts), { kind: "beside" });
});

test("where they don't, they come one by one; and where somebody wants it so", () => {
  assert.deepEqual(planShift("auto", { ...facts, availableMiB: 563 }), { kind: "workerByWorker" });
  assert.deepEqual(planShift("auto", { ...facts, availableMiB: 564 }), { kind: "beside" });
  assert.deepEqual(planShift("one", facts), { kind: "workerByWorker" });
});

test("where not even one fits, it is told before anything begins", () => {
  assert.deepEqual(planShift("auto", { ...facts, availableMiB: 188.9 }), { kind: "short", needMiB: 189, availableMiB: 188 });
  assert.deepEqual(planShift("auto", { ...facts, availableMiB: 189 }), { kind: "workerByWorker" });
});

test("workers of unknown size refuse nothing", () => {
  assert.deepEqual(planShift("auto", { ...facts, workerMiB: null, availableMiB: 1 }), { kind: "beside" });
  assert.deepEqual(planShift("one", { ...facts, workerMiB: null, availableMiB: 1 }), { kind: "workerByWorker" });
});

test("the available memory is read from /proc/meminfo; unknown is no reason to refuse", () => {
  assert.equal(availableMiB("MemTotal:  4096 kB\nMemAvailable:    2048 kB\n"), 2);
  assert.equal(availableMiB(""), Infinity);
});

test("a shift ends with all wanted workers, never with more than one above or one below what there was", () => {
  const sizes = fc.integer({ min: 1, max: 12 });
  fc.assert(
    fc.property(fc.option(sizes), sizes, (old, target) => {
      let from: Side | undefined = old === null ? undefined : { wanted: old, target: old };
      let to: Side = { wanted: 1, target };
      const most = Math.max((old ?? 0) + 1, target + 1);
      for (let downDone = false, steps = 0; ; steps++) {
        assert.ok(steps <= 2 * 12, "it ends");
        const step = nextShift(from, to, downDone);
        if (step.side === "done") break;
        if (step.side === "from") from = { ...(from as Side), wanted: step.workers };
        else to = { ...to, wanted: step.workers };
        downDone = step.side === "from";
        const all = (from?.wanted ?? 0) + to.wanted;
        assert.ok(all <= most, `${all} workers, at most ${most}`);
        assert.ok(all >= Math.min(old ?? 0, target), `${all} workers`);
      }
      assert.equal(to.wanted, target);
    }),
  );
});
