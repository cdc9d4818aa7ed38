import assert from "node:assert/strict";
import { test } from "node:test";
import { momentAfter } from "../../../infra/cli/recovery/put-by.ts";

test("a new set is the newest one, also by a clock that is wrong, which is told", () => {
  const said: string[] = [];
  const at = (createdAt: string, now: string): string =>
    momentAfter([{ createdAt }], Date.parse(now), (line) => said.push(line)).toISOString();
  assert.equal(at("2026-01-01T00:00:00.000Z", "2026-01-01T00:00:01.000Z"), "2026-01-01T00:00:01.000Z");
  assert.equal(at("2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00.000Z"), "2026-01-01T00:00:00.001Z");
  assert.deepEqual(said, []);
  assert.equal(at("2026-01-01T00:01:00.000Z", "2026-01-01T00:00:00.000Z"), "2026-01-01T00:01:00.001Z");
  assert.match(said.join(), /of 60 s from now: this computer's clock or another's is wrong/);
});
