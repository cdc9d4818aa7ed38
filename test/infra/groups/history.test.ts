import assert from "node:assert/strict";
import { test } from "node:test";
import { FleetError } from "../../../infra/errors.ts";
import type { HistoryApi, RefreshOfGroup } from "../../../infra/groups/api.ts";
import { recordHistory, refreshHistory } from "../../../infra/groups/ask.ts";
import { before, chooseBack, type GroupHistory, type GroupRelease, name } from "../../../infra/groups/history.ts";

const [ONE, TWO, THREE] = ["1", "2", "3"].map((digit) => digit.repeat(64)) as [string, string, string];
const on = (key: string, release: string, more: Partial<GroupRelease> = {}): GroupRelease => ({
  at: undefined,
  key,
  release,
  came: true,
  end: "is done",
  ...more,
});

test("what was before: two ways back in a row go back twice, not forth", () => {
  assert.equal(before([ONE, TWO, THREE]), TWO);
  assert.equal(before([ONE, TWO, THREE, TWO]), ONE);
  assert.equal(before([ONE, TWO, THREE, TWO, ONE]), undefined);
  assert.equal(before([ONE, TWO, ONE, THREE]), ONE);
  assert.equal(before([ONE, ONE]), undefined);
});

const history: GroupHistory = {
  releases: [on("6", "aaaa11"), on("7", "bbbb22"), on("8", "cccc33", { came: false, end: "was rolled back" })],
  current: "7",
};

test("a rollback goes to what the group was on before, and never to what failed", () => {
  assert.equal(chooseBack(history, undefined).key, "6");
  assert.equal(chooseBack(history, "aaaa").key, "6");
  assert.equal(chooseBack(history, "6").key, "6");
  const refused: [string, RegExp][] = [
    ["cccc", /there is no "cccc"[\s\S]*aaaa11 \(version 6\), bbbb22 \(version 7\)/],
    ["bbbb", /is on bbbb22 \(version 7\) already/],
    ["dddd", /there is no "dddd"/],
  ];
  for (const [to, expected] of refused) {
    assert.throws(
      () => chooseBack(history, to),
      (error: FleetError) => error instanceof FleetError && error.exitCode === 2 && expected.test(error.message),
    );
  }
});

test("the beginning of several releases is none", () => {
  const releases = [on(ONE, "abcd01"), on(TWO, "abcd02"), on(THREE, "ffff")];
  assert.throws(() => chooseBack({ releases, current: THREE }, "abcd"), /beginning of several/);
  assert.equal(chooseBack({ releases, current: THREE }, "2222").key, TWO, "a manifest's hash counts as well");
  assert.throws(
    () => chooseBack({ releases: releases.slice(0, 1), current: ONE }, undefined),
    /nothing is there that the group was on before/,
  );
});

const api = (more: Partial<HistoryApi>): HistoryApi => ({
  refreshes: async () => [],
  manifestOfVersion: async (_template, version) => `manifest ${version}`,
  records: async () => [],
  releaseOf: async (manifest) => `release of ${manifest}`,
  ...more,
});
const at = new Date("2026-01-02T03:04:05Z");
const refresh = (version: string, status: string, reason?: string): RefreshOfGroup => ({ version, status, reason, at });

test("refreshes are a history: what came, what was rolled back and why, and what was there before the first of them", async () => {
  const refreshes = [refresh("5", "Successful"), refresh("6", "RollbackSuccessful", "i-0 failed"), refresh("7", "Successful")];
  const { releases, current } = await refreshHistory(api({ refreshes: async () => refreshes }), { id: "lt-0a", version: "7" });
  assert.equal(current, "7");
  assert.deepEqual(
    releases.map(({ key, came, end }) => [key, came, end]),
    [
      ["4", true, "was there before"],
      ["5", true, "is done"],
      ["6", false, "was rolled back: i-0 failed"],
      ["7", true, "is done"],
    ],
  );
  assert.deepEqual([releases[1]?.at, releases[1]?.release], ["2026-01-02T03:04:05.000Z", "release of manifest 5"]);
});

test("a group that was never refreshed is on what it was born with", async () => {
  const { releases } = await refreshHistory(api({}), { id: "lt-0a", version: "1" });
  assert.deepEqual(
    releases.map(({ key, came }) => [key, came]),
    [["1", true]],
  );
});

test("in place, every version of the record is one that the group was on; a manifest that is gone has a name all the same", async () => {
  const records = [ONE, TWO].map((manifest) => ({ at, manifest }));
  const releaseOf = async (manifest: string) => (manifest === ONE ? undefined : "b".repeat(64));
  const { releases, current } = await recordHistory(api({ records: async () => records, releaseOf }));
  assert.equal(current, TWO);
  assert.deepEqual(
    releases.map(({ came }) => came),
    [false, true],
    "what was removed can't be gone back to",
  );
  assert.deepEqual(releases.map(name), ["manifest 111111111111", "bbbbbbbbbbbb (manifest 222222222222)"]);
});
