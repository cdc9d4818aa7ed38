import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseState } from "../../../infra/cli/recovered-stack.ts";

const state = (time: string, resources = 3) => ({ deployment: { manifest: { time }, resources: Array.from({ length: resources }) } });
const older = "2026-01-01T00:00:00Z";
const newer = "2026-01-02T00:00:00Z";

test("a state that is lost or older than the store's is replaced; one that is newer stays", () => {
  assert.equal(chooseState({ deployment: {} }, state(older)), "imported");
  assert.equal(chooseState(state(newer, 0), state(older)), "imported");
  assert.equal(chooseState(state(older), state(newer)), "imported");
  assert.equal(chooseState(state(newer), state(older)), "kept");
  assert.equal(chooseState(state(older), state(older)), "kept");
});

test("with other machines, the store's state would only tell of those that are gone", () => {
  assert.equal(chooseState({}, undefined), "started anew");
  assert.equal(chooseState(state(older), undefined), "kept");
});
