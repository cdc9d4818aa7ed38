import assert from "node:assert/strict";
import { test } from "node:test";
import { mixedInstances } from "../../../infra/aws/mixed-instances.ts";
import { FleetError } from "../../../infra/errors.ts";
import type { GroupApi } from "../../../infra/refresh/api.ts";
import { refresh } from "../../../infra/refresh/drive.ts";
import type { GroupState } from "../../../infra/refresh/group.ts";
import type { RefreshPlan } from "../../../infra/refresh/plan.ts";
import type { Refresh } from "../../../infra/refresh/status.ts";

const of = (version: number) => mixedInstances({ types: ["m7g.large"] }, "lt-0a", version);
const plan: RefreshPlan = {
  schema: 1,
  fleet: "web",
  group: "web-1",
  region: "eu-central-1",
  desired: of(7),
  preferences: { minHealthyPercent: 100, maxHealthyPercent: 110, warmUpMs: 1, checkpoints: [], checkpointDelayMs: 1 },
};
const group = (version: number): GroupState => ({ policy: of(version), machines: [{ id: "i-0", version: String(version) }] });
const seen = (status: Refresh["status"], version = "7"): Refresh => ({
  id: "r",
  status,
  reason: undefined,
  percent: undefined,
  left: undefined,
  version,
});
const named = (name: string, httpStatusCode?: number) => Object.assign(new Error(name), { name, $metadata: { httpStatusCode } });

/** Answers in turn, the last one for good; what is an error is thrown. A pause takes no time but on its clock. */
function world(answers: { groups: (GroupState | undefined)[]; refreshes: (Refresh[] | Error)[]; starts?: (string | Error)[] }) {
  const said: string[] = [];
  const controller = new AbortController();
  let nowMs = 0;
  let started = 0;
  const next = <T>(list: (T | Error)[]): T => {
    const answer = list.length > 1 ? list.shift() : list[0];
    if (answer instanceof Error) throw answer;
    return answer as T;
  };
  const api: GroupApi = {
    group: async () => next(answers.groups),
    refreshes: async () => next(answers.refreshes),
    start: async () => {
      started += 1;
      return next(answers.starts ?? ["r"]);
    },
  };
  const options = {
    say: (line: string) => void said.push(line),
    signal: controller.signal,
    sleep: async (ms: number) => void (nowMs += ms),
    nowMs: () => nowMs,
  };
  return { run: () => refresh(plan, api, options), said, controller, starts: () => started, nowMs: () => nowMs };
}

test("what may pass is waited for, minutes long, and then said", async () => {
  const busy = named("Throttling", 400);
  const through = world({ groups: [group(6), group(6), group(7)], refreshes: [[], busy, busy, [seen("Successful")]] });
  assert.equal((await through.run()).version, "7");
  const never = world({ groups: [group(6)], refreshes: [[], busy] });
  await assert.rejects(never.run(), (error: FleetError) => {
    assert.match(error.message, /gave no answer for 5 minutes[\s\S]*goes on at AWS[\s\S]*takes up the refresh/);
    return true;
  });
  assert.ok(never.nowMs() >= 300_000 && never.nowMs() < 400_000, String(never.nowMs()));
});

test("the same line isn't told twice", async () => {
  const { run, said } = world({
    groups: [group(6), group(6), group(7)],
    refreshes: [[], [seen("InProgress")], [seen("InProgress")], [seen("Successful")]],
  });
  await run();
  assert.equal(said.filter((line) => line.includes("under way")).length, 1);
});

test("a start that finds another one under way looks again, with a pause", async () => {
  const { run, starts, nowMs } = world({
    groups: [group(6), group(6), group(6), group(6), group(7)],
    refreshes: [[], [seen("InProgress")], [seen("Successful")]],
    starts: [named("InstanceRefreshInProgressFault", 400)],
  });
  await run();
  assert.equal(starts(), 1);
  assert.ok(nowMs() > 0);
});

test("one that leads to the same version but not to the same types is followed by one that does", async () => {
  const otherTypes = { ...group(7), policy: mixedInstances({ types: ["m6g.large"] }, "lt-0a", 7) };
  const { run, starts } = world({
    groups: [group(6), group(6), otherTypes, otherTypes, otherTypes, group(7)],
    refreshes: [[seen("InProgress")], [seen("Successful")]],
  });
  await run();
  assert.equal(starts(), 1);
});

test("one that ends just while it is looked for is seen as ended, and not done again", async () => {
  const { run, starts } = world({ groups: [group(6), group(7)], refreshes: [[seen("Successful")]] });
  await run();
  assert.equal(starts(), 0);
});

test("when nobody waits any more it ends, and says that AWS goes on", async () => {
  const { run, controller } = world({ groups: [group(6)], refreshes: [[], [seen("InProgress")]] });
  controller.abort();
  await assert.rejects(run(), (error: FleetError) => error.exitCode === 130 && /goes on at AWS/.test(error.message));
});
