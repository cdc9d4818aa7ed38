import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "./options.ts";

test("sizes and rounds", () => {
  assert.deepEqual(parse([]), { sizes: [1, 2, 4, 8], rounds: 3 });
  assert.deepEqual(parse(["--sizes", "2", "--rounds", "1"]), { sizes: [2], rounds: 1 });
  assert.throws(() => parse(["--sizes", "0"]), /from 1 to 16/);
  assert.throws(() => parse(["--rounds", "x"]), /from 1/);
});
