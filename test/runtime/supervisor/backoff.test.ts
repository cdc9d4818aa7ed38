import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { afterDeath, HEALTHY_AFTER_MS } from "../../../runtime/supervisor/backoff.ts";

test("a worker that was ready is replaced at once", () => {
  assert.equal(afterDeath(0, 1, false, 0).waitMs, 0);
});

test("failed boots wait 100 ms, then twice as long each time", () => {
  const waits = [];
  for (let strikes = 0; strikes < 4;) {
    const death = afterDeath(strikes, null, false, 0);
    waits.push(death.waitMs);
    strikes = death.strikes;
  }
  assert.deepEqual(waits, [100, 200, 400, 800]);
});

test("a worker that becomes ready and soon dies, again and again, waits from the second time on", () => {
  const first = afterDeath(0, 5, false, 0);
  const second = afterDeath(first.strikes, 5, false, 0);
  const third = afterDeath(second.strikes, 5, false, 0);
  assert.deepEqual([first.waitMs, second.waitMs, third.waitMs], [0, 100, 200]);
});

test("thirty seconds of health wipe the slate clean", () => {
  assert.deepEqual(afterDeath(9, HEALTHY_AFTER_MS, false, 0), { strikes: 0, waitMs: 0 });
  assert.notEqual(afterDeath(9, HEALTHY_AFTER_MS - 1, false, 0).waitMs, 0);
});

test("no wait is longer than 15 s, none negative, and chance takes off a fifth at most", () => {
  fc.assert(
    fc.property(fc.nat(2_000), fc.option(fc.nat(60_000)), fc.double({ min: 0, max: 1, noNaN: true }), (strikes, readyForMs, random) => {
      const { waitMs } = afterDeath(strikes, readyForMs, false, random);
      const longestMs = afterDeath(strikes, readyForMs, false, 0).waitMs;
      assert.ok(waitMs <= 15_000 && waitMs >= Math.floor(longestMs * 0.8), `${waitMs} of ${longestMs}`);
    }),
  );
});

test("an end by itself with code 0 is no failure, unless it comes at once", () => {
  assert.deepEqual(afterDeath(5, 1_000, true, 0), { strikes: 0, waitMs: 0 });
  assert.deepEqual(afterDeath(1, 999, true, 0), { strikes: 2, waitMs: 100 });
  assert.notEqual(afterDeath(1, 1_000, false, 0).waitMs, 0);
});
