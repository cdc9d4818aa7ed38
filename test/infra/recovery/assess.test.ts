import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { statusText } from "../../../infra/cli/recovery/status-text.ts";
import { age, assess, type StackSight, type StoreSight } from "../../../infra/recovery/assess.ts";
import type { RecoverySet } from "../../../infra/recovery/set.ts";
import { sampleSet } from "./samples.ts";

const nowMs = Date.parse("2026-01-02T00:00:00Z");
const drill = {
  schema: 1 as const,
  project: "fleetwright",
  stack: "prod",
  startedAt: "2026-01-01T12:00:00Z",
  ok: true,
  rtoMs: 41_200,
  machines: 2,
  set: "x",
};
const sealed = { kind: "secrets" as const, name: "secrets.age", object: { sha256: "5".repeat(64), bytes: 50 } };

function sight(change: Partial<StoreSight> = {}, set: Partial<RecoverySet> = {}): StoreSight {
  const newest = { id: "20260101T000000000Z-aaaa", set: sampleSet({ files: [sealed], ...set }) };
  return {
    url: "file:///store",
    newest,
    sets: 3,
    stacks: ["fleetwright/prod"],
    spoiled: [],
    lost: [],
    verified: false,
    hasKey: true,
    drills: [drill],
    ...change,
  };
}
const now = (change: Partial<StackSight> = {}): StackSight => ({
  changedAt: "2026-01-01T00:00:00.000Z",
  live: { web: "a".repeat(64) },
  keyFiles: [],
  ...change,
});
const said = (...args: Parameters<typeof assess>): string[] => assess(...args).map(({ kind, text }) => `${kind}: ${text}`);

describe("whether a recovery could succeed now", () => {
  test("it could, when everything is there and of today", () => assert.deepEqual(said([sight()], now(), nowMs), []));

  for (const [what, found, pattern] of [
    ["a store that can't be read", said([sight({ unreachable: "refused" })], now(), nowMs), /^stops: it can't be read: refused$/],
    [
      "no whole set",
      said([{ ...sight(), newest: undefined } as unknown as StoreSight], now(), nowMs),
      /^stops: it has no set of this stack that is whole; it has sets of fleetwright\//,
    ],
    [
      "a lost object",
      said([sight({ lost: [{ sha256: "3".repeat(64), bytes: 3000 }] })], now(), nowMs),
      /^stops: missing or spoiled: release aaaaaaaa of web for x64-py3.13/,
    ],
    [
      "a set without a runtime bundle",
      said([sight({}, { runtimes: [] })], now(), nowMs),
      /^stops: the set has no runtime bundle bbbbbbbb, which web-1 runs/,
    ],
    [
      "a clock that is wrong",
      said([sight()], now(), Date.parse("2025-12-31T23:59:00Z")),
      /^warns: the newest set is of 60 s from now: this computer's clock or that of ann@laptop is wrong/,
    ],
    ["a set without a fleet", said([sight({}, { machines: [] })], now(), nowMs), /^stops: the set knows no machine/],
    [
      "a set without the release",
      said([sight({}, { releases: [] })], now(), nowMs),
      /^stops: the set has no archive of release aaaaaaaa for x64-py3.13, which web-1 runs/,
    ],
    [
      "a fleet that is newer",
      said([sight()], now({ changedAt: "2026-01-01T01:00:00.000Z" }), nowMs),
      /^stops: the fleet is newer than the store/,
    ],
    [
      "another release",
      said([sight()], now({ live: { web: "c".repeat(64) } }), nowMs),
      /^stops: web runs release cccccccc, the set has aaaaaaaa/,
    ],
    ["no key", said([sight({ hasKey: false })], now(), nowMs), /^warns: no recovery key: without the passphrase, the secrets are lost/],
    ["nothing sealed", said([sight({}, { files: [] })], now(), nowMs), /^warns: the newest set has nothing sealed/],
    ["a login key elsewhere", said([sight()], now({ keyFiles: ["~/.ssh/id"] }), nowMs), /^warns: the login key ~\/.ssh\/id isn't in it/],
    ["no drill", said([sight({ drills: [] })], now(), nowMs), /^warns: never drilled/],
    [
      "a failed drill",
      said([sight({ drills: [{ ...drill, ok: false, problem: "spoiled" }] })], now(), nowMs),
      /^warns: the last drill failed, .*: spoiled$/,
    ],
    ["an old drill", said([sight()], now(), nowMs + 40 * 86_400_000), /^warns: the last drill was 41 d ago$/],
    [
      "a spoiled older set",
      said([sight({ spoiled: [{ id: "x", problem: "set x was changed" }] })], now(), nowMs),
      /^warns: set x was changed/,
    ],
  ] as const) {
    test(`${what} is told`, () => {
      assert.equal(found.length, 1, found.join("\n"));
      assert.match(found[0] ?? "", pattern);
    });
  }

  test("what stops comes first, then the ages, then one verdict and the next command", () => {
    const sights = [sight({ hasKey: false, lost: [{ sha256: "4".repeat(64), bytes: 4000 }] })];
    const text = statusText(sights, assess(sights, now(), nowMs), { stack: "prod", nowMs });
    assert.match(text, /^MISSING {2}file:\/\/\/store: missing or spoiled: runtime bundle bbbbbbbb for x64[^]*\nwarning {2}file/);
    assert.match(text, /\n {2}state +24 h +1 objects +0\.0 MB\n[^]*last drill 12 h ago: passed, serving after 41\.2 s, 2 machines/);
    assert.match(text, /could NOT bring back the fleet as it is\./);
    assert.match(text, / Next: npm run fleet -- recovery push --verify --stack prod, then this again\.\n$/);
  });

  test("what to do next is what helps: a push fills no store that is silent, nor one beside which there is no fleet", () => {
    const next = (sights: StoreSight[], storeOnly = false): string =>
      / Next: (.*)\n$/.exec(statusText(sights, assess(sights, undefined, nowMs), { stack: "prod", nowMs, storeOnly }))?.[1] ?? "";
    const silent = sight({ url: "s3://gone", unreachable: "it refuses" });
    const lost = sight({ lost: [{ sha256: "4".repeat(64), bytes: 4000 }] });
    assert.equal(next([silent, sight()]), "mend what it can't be read for, then this again.");
    assert.equal(next([silent, lost]), "npm run fleet -- recovery push --verify --stack prod, then this again.");
    assert.match(next([lost], true), /^another copy of the store; or, where the fleet is up, npm run fleet -- recovery push/);
  });
});

test("ages are told in one unit", () => {
  assert.deepEqual([0, 89 * 60_000, 3 * 3_600_000, 72 * 3_600_000, -5].map(age), ["0 min", "89 min", "3 h", "3 d", "0 min"]);
});
