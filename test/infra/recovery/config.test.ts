import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRecoveryConfig } from "../../../infra/config/parse.ts";

const problems = (value: unknown): string => {
  try {
    parseRecoveryConfig(value);
    return "none";
  } catch (error) {
    return (error as Error).message;
  }
};

test("defaults are filled in; a stack without the key has no store", () => {
  assert.deepEqual(parseRecoveryConfig({ stores: ["/mnt/a"] }), { stores: ["/mnt/a"], keepSets: 10, tools: true, files: [] });
  assert.equal(parseRecoveryConfig(undefined), undefined);
});

test("every problem is told by its key path", () => {
  const text = problems({ stores: ["ssh://host/store", 5], keepset: 3, files: ["id"] });
  assert.match(text, /^The configuration \(fleetwright:recovery\) has 4 problems:/);
  assert.match(text, /stores\.0: given "ssh:\/\/host\/store"; it must pin the host's key/);
  assert.match(text, /stores\.1: given 5; allowed: text/);
  assert.match(text, /keepset: unknown key; did you mean "keepSets"\?/);
  assert.match(text, /files\.0: given "id"; allowed: a path from the root or from your home/);
  assert.match(problems({ stores: [] }), /stores: given a list; allowed: at least 1 of them/);
  assert.match(problems({ stores: ["/a"], files: ["~/x"] }), /files: files are put by sealed, and there is no key yet/);
});
