import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseCpus, parseCpuList } from "../../../../infra/machines/local/cpus.ts";

test("the kernel's lists of CPUs", () => {
  assert.deepEqual(parseCpuList("0-2,5\n"), [0, 1, 2, 5]);
  assert.deepEqual(parseCpuList("3"), [3]);
  assert.deepEqual(parseCpuList("\n"), []);
});

test("machines are spread over the CPUs", () => {
  assert.deepEqual(chooseCpus(1, [0, 1, 2], []), [0]);
  assert.deepEqual(chooseCpus(1, [0, 1, 2], [[0]]), [1]);
  assert.deepEqual(chooseCpus(2, [0, 1, 2], [[0], [1], [1]]), [0, 2]);
  assert.deepEqual(chooseCpus(1, [4, 6], [[4]]), [6]);
});

test("`all` is no restriction", () => {
  assert.equal(chooseCpus("all", [0, 1], [[0]]), null);
});

test("more cores than this computer has are refused, with the number it has", () => {
  assert.throws(() => chooseCpus(3, [0, 1], []), /3 cores doesn't fit: this computer has 2/);
});
