import assert from "node:assert/strict";
import { test } from "node:test";
import { duration, median, pairedRatio, quantile, shares, text } from "../supervisor/numbers.ts";

test("the median of an even number of values lies between the middle two", () => {
  assert.equal(median([4, 1, 3, 2]), 2.5);
  assert.equal(median([3, 1, 2]), 2);
  assert.ok(Number.isNaN(median([])));
});

test("a quantile is one of the values", () => {
  const values = Array.from({ length: 100 }, (_, index) => index + 1);
  assert.equal(quantile(values, 0.99), 99);
  assert.equal(quantile([7], 0.99), 7);
});

test("a ratio is taken in each pair: a round that was slow for both sides changes nothing", () => {
  assert.equal(pairedRatio([100, 50, 100], [50, 25, 50]), 2);
});

test("workers that got nothing have a share, too", () => {
  assert.deepEqual(shares([30, 10], 4), [75, 25, 0, 0]);
  assert.deepEqual(shares([], 2), [0, 0]);
});

test("numbers are written with three digits", () => {
  assert.equal(text(0.123456), "0.123");
  assert.equal(text(12_345.6), "12346");
  assert.equal(text(Number.NaN), "-");
  assert.equal(duration(1_234.5), "1235 ms");
  assert.equal(duration(12_345), "12.3 s");
});
