import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "../supervisor/options.ts";

const points = [1, 2, 3];

test("all points run by default, three rounds each", () => {
  assert.deepEqual(parse([], points), { only: points, quick: false, repeat: 3, json: null });
});

test("what is asked for is taken", () => {
  const parsed = parse(["--only", "3,1", "--quick", "--repeat", "5", "--json", "out.json"], points);
  assert.deepEqual(parsed, { only: [3, 1], quick: true, repeat: 5, json: "out.json" });
});

test("a point that is not there, or no number, is refused", () => {
  assert.throws(() => parse(["--only", "7"], points), /there is no such point; there are 1, 2, 3/);
  assert.throws(() => parse(["--repeat", "0"], points), /whole number from 1/);
});
