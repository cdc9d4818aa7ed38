import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "./options.ts";

test("two, four and eight machines, three rounds each, by default", () => {
  assert.deepEqual(parse([]), { sizes: [2, 4, 8], rounds: 3 });
});

test("what is asked for is taken", () => {
  assert.deepEqual(parse(["--sizes", "2,4", "--rounds", "5"]), { sizes: [2, 4], rounds: 5 });
});

test("sizes and rounds that make no sense are refused", () => {
  for (const sizes of ["0", "two", "2,17", "2.5"]) assert.throws(() => parse(["--sizes", sizes]), /whole numbers from 1 to 16/);
  assert.throws(() => parse(["--rounds", "0"]), /whole number from 1/);
});
