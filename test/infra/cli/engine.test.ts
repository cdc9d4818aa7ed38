import assert from "node:assert/strict";
import { test } from "node:test";
import { changesOf } from "../../../infra/cli/engine.ts";

test("what stayed the same is no change", () => {
  assert.equal(changesOf({ resourceChanges: { same: 7, update: 1, create: 2 } }), 3);
  assert.equal(changesOf({ resourceChanges: { same: 7 } }), 0);
});
