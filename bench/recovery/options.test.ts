import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "./options.ts";

test("sizes and rounds", () => {
  assert.deepEqual(parse([]), { sizes: [1, 2, 4, 8], rounds: 3, cpuQuota: undefined });
  assert.deepEqual(parse(["--sizes", "2", "--rounds", "1"]), { sizes: [2], rounds: 1, cpuQuota: undefined });
  assert.throws(() => parse(["--sizes", "0"]), /from 1 to 16/);
  assert.throws(() => parse(["--rounds", "x"]), /from 1/);
});

test("a quota of CPU time", () => {
  assert.equal(parse(["--cpu-quota", "0.2"]).cpuQuota, 0.2);
  assert.throws(() => parse(["--cpu-quota", "20%"]), /takes cores, from 0.05/);
  assert.throws(() => parse(["--cpu-quota", "0"]), /takes cores, from 0.05/);
});
