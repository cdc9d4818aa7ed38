import assert from "node:assert/strict";
import { test } from "node:test";
import { mixedInstances } from "../../../infra/aws/mixed-instances.ts";
import { startInput } from "../../../infra/refresh/api.ts";
import { type GroupState, nextStep, standing } from "../../../infra/refresh/group.ts";
import { endings, hasEnded, meanings, progressLine, type Refresh, type RefreshStatus } from "../../../infra/refresh/status.ts";
import { troubleOf } from "../../../infra/groups/trouble.ts";

const types = ["m7g.large", "m6g.large"];
const of = (version: number, more: object = {}) => mixedInstances({ types, ...more }, "lt-0a", version);
const machines = (...versions: string[]) => versions.map((version, index) => ({ id: `i-${index}`, version }));
const group = (version: number, ...versions: string[]): GroupState => ({ policy: of(version), machines: machines(...versions) });
const refresh = (status: RefreshStatus, more: Partial<Refresh> = {}): Refresh => ({
  id: "r",
  status,
  reason: undefined,
  percent: undefined,
  left: undefined,
  version: "7",
  ...more,
});

test("a group that is as wanted needs nothing; any difference is a refresh", () => {
  assert.equal(nextStep(of(7), group(7, "7", "7"), []).kind, "nothing");
  assert.equal(nextStep(of(7), group(6, "6", "6"), []).kind, "start", "another version");
  assert.equal(nextStep(of(7), group(7, "7", "6"), []).kind, "start", "a machine that stayed behind");
  assert.equal(nextStep(of(7), { policy: of(7, { types: ["m7g.large"] }), machines: machines("7") }, []).kind, "start", "other types");
  assert.equal(nextStep(of(7, { spot: { percent: 50, base: 0 } }), group(7, "7"), []).kind, "start", "another share of spot");
  assert.equal(nextStep(of(7), { policy: undefined, machines: [] }, []).kind, "start", "a group without a policy");
});

test("one that runs is followed if it leads to the wanted version, and waited for otherwise", () => {
  for (const status of ["Pending", "InProgress", "Baking", "RollbackInProgress", "Cancelling"] as const) {
    assert.equal(nextStep(of(7), group(6, "6"), [refresh(status)]).kind, "follow", status);
    assert.equal(nextStep(of(7), group(6, "6"), [refresh(status, { version: "8" })]).kind, "wait", status);
  }
});

test("one that has ended is history", () => {
  const ended = (Object.keys(meanings) as RefreshStatus[]).filter((status) => hasEnded({ status }));
  assert.deepEqual(ended.sort(), ["Cancelled", "Failed", "RollbackFailed", "RollbackSuccessful", "Successful"]);
  for (const status of ended) assert.equal(nextStep(of(7), group(6, "6"), [refresh(status)]).kind, "start", status);
});

test("every state has words", () => {
  assert.deepEqual(Object.keys(endings).sort(), Object.keys(meanings).sort());
  assert.equal(progressLine(refresh("InProgress", { percent: 50, left: 1 })), "the refresh is under way: 50 %, 1 machine to go");
  assert.equal(progressLine(refresh("Pending")), "the refresh has not begun");
  assert.equal(standing(group(6, "6", "7", "6")), "the group is on version 6; its machines: 2 of version 6, 1 of version 7");
});

test("the last checkpoint is the whole group, as AWS asks for", () => {
  const preferences = { minHealthyPercent: 90, maxHealthyPercent: 110, warmUpMs: 1, checkpoints: [20], checkpointDelayMs: 1500 };
  const { Preferences } = startInput({ desired: of(7), preferences });
  assert.deepEqual([Preferences.CheckpointPercentages, Preferences.CheckpointDelay, Preferences.InstanceWarmup], [[20, 100], 2, 1]);
  assert.ok(!("CheckpointPercentages" in startInput({ desired: of(7), preferences: { ...preferences, checkpoints: [] } }).Preferences));
});

test("what a failed call means", () => {
  assert.equal(troubleOf({ name: "ExpiredToken", $metadata: { httpStatusCode: 403 } }), "login");
  assert.equal(troubleOf({ name: "CredentialsProviderError" }), "login");
  assert.equal(troubleOf({ name: "Throttling", $metadata: { httpStatusCode: 400 } }), "passing");
  assert.equal(troubleOf({ name: "InternalFailure", $metadata: { httpStatusCode: 500 } }), "passing");
  assert.equal(troubleOf({ name: "Error", code: "ECONNRESET" }), "passing");
  assert.equal(troubleOf({ name: "AccessDenied", $metadata: { httpStatusCode: 403 } }), "refused");
  assert.equal(troubleOf(new TypeError("a fault of ours")), "refused");
});
