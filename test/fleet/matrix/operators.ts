/** Two operators at once, and operators that are gone: who holds the fleet, who may take it over, and what becomes of steps. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "../../support/poll.ts";
import { steps } from "./cases.ts";
import { PATIENCE_MS } from "./faults.ts";
import { LEASE_MS, type MatrixFleet, type Name } from "./fleet.ts";
import type { RolloutRun } from "./rollout-run.ts";
import type { Trial } from "./trial.ts";

/** Time for the next operator to come, also on a slow computer. */
const LONG_LEASE_MS = 20_000;

/** A rollout that rests after its first machine, so that there is time for a second one. */
async function resting(fleet: MatrixFleet, leaseMs = LEASE_MS): Promise<RolloutRun> {
  const run = fleet.start(await fleet.plan(await fleet.build("good"), { pauseMs: 120_000, leaseMs }));
  const isSwitched = (): boolean => run.events.some((event) => event.event === "phase" && event.phase === "switch");
  await until("the first machine is switched", isSwitched, 60_000);
  return run;
}

export function operatorTests(it: () => Trial): void {
  test("two operators: the second is told who holds the fleet, since when, and how to take over; the first isn't disturbed", async () => {
    const { fleet, traffic } = it();
    const before = await fleet.oneRelease(PATIENCE_MS);
    const run = await resting(fleet);
    const second = await fleet.start(await fleet.plan(await fleet.build("good"))).ended;
    assert.equal(second.code, 1, second.evidence);
    assert.match(second.message, /^web-\d: hold: a rollout of \S+@\S+ holds this machine since \d{4}-\d\d-\d\dT/m);
    assert.match(second.message, /ends by itself in \d+ s\. To take over[^\n]*--take-over/);
    const ended = run.events.some(({ event }) => event === "end");
    assert.ok(!ended, "the first one goes on");

    const third = await fleet.build("good");
    const taking = await fleet.start(await fleet.plan(third), { env: { FLEETWRIGHT_TAKE_OVER: "1" } }).ended;
    assert.equal(taking.code, 0, taking.evidence);
    const first = await run.ended;
    assert.equal(first.code, 1, first.evidence);
    assert.match(first.message, /\S+@\S+ has taken over this machine/);
    assert.equal(await fleet.oneRelease(PATIENCE_MS), third.built.releaseId);
    assert.notEqual(third.built.releaseId, before);
    const [undone, live] = (await fleet.history("web-1")).slice(-2);
    assert.deepEqual([undone?.event, live?.event, live?.release], ["reverted", "confirmed", third.built.releaseId]);
    traffic.judge("a take-over", 0, taking.evidence);
  });

  test("a dead operator's hold ends by itself: the next one is told how long it lasts, and then needs no take-over", async () => {
    const { fleet, traffic } = it();
    const before = await fleet.oneRelease(PATIENCE_MS);
    const run = await resting(fleet, LONG_LEASE_MS);
    const release = await fleet.build("good");
    const plan = await fleet.plan(release);
    run.kill("SIGKILL");
    const killedMs = performance.now();
    // At once: on a busy computer the hold would have ended by the time a plan was made.
    const refused = await fleet.start(plan).ended;
    assert.equal(refused.code, 1, refused.evidence);
    const [, leftS] = /ends by itself in (\d+) s/.exec(refused.message) ?? [];
    assert.ok(Number(leftS) * 1000 <= LONG_LEASE_MS, refused.message);
    assert.equal(await fleet.oneRelease(LONG_LEASE_MS + PATIENCE_MS), before);
    assert.ok(performance.now() - killedMs < LONG_LEASE_MS + PATIENCE_MS);
    const next = await fleet.start(await fleet.plan(release)).ended;
    assert.equal(next.code, 0, next.evidence);
    traffic.judge("a dead operator", 0, next.evidence);
  });

  test("a step outlives its operator: the next run of the same release waits for it, and doesn't run it again", async () => {
    const { fleet } = it();
    const release = await fleet.build("migratesSlowly");
    const ran = await stepsOf(fleet, "web-1");
    const run = fleet.start(await fleet.plan(release), {
      onEvent: (event, running) => steps.once(event) && running.kill("SIGKILL"),
    });
    await run.ended;
    const next = await fleet.start(await fleet.plan(release), { env: { FLEETWRIGHT_TAKE_OVER: "1" } }).ended;
    assert.equal(next.code, 0, next.evidence);
    assert.match(next.evidence, /migrate: (was begun already; waiting for its end|was done for this release)/);
    assert.deepEqual((await stepsOf(fleet, "web-1")).slice(ran.length), [release.built.releaseId]);
  });

  test("a step that died with its machine is told, and runs again only when the operator says so", async () => {
    const { fleet, traffic } = it();
    const before = await fleet.oneRelease(PATIENCE_MS);
    const release = await fleet.build("migratesSlowly");
    let killing: Promise<void> | undefined;
    const onEvent = (event: Parameters<typeof steps.once>[0]): void => {
      if (!steps.once(event)) return;
      traffic.away(fleet.url("web-1"));
      killing = fleet.hosts.cutPower("web-1");
    };
    const lost = await fleet.start(await fleet.plan(release), { onEvent }).ended;
    await killing;
    assert.equal(lost.code, 1, lost.evidence);
    assert.match(lost.message, /^web-1: /m);
    await fleet.hosts.boot("web-1");
    assert.equal(await fleet.oneRelease(PATIENCE_MS), before);
    await traffic.back(fleet.url("web-1"));
    const stuck = await fleet.start(await fleet.plan(release)).ended;
    assert.match(stuck.message, /"migrate" began on web-1 for this release, and nobody knows how far it came/, stuck.evidence);
    const again = await fleet.start(await fleet.plan(release), { env: { FLEETWRIGHT_REPEAT_ONCE: "migrate" } }).ended;
    assert.equal(again.code, 0, again.evidence);
    traffic.judge("a step that died", 0, again.evidence);
  });
}

/** The releases whose step ran on a machine, in order. */
async function stepsOf(fleet: MatrixFleet, name: Name): Promise<string[]> {
  const text = await fleet.hosts.sh(name, "cat /var/lib/fleetwright-shop/steps 2> /dev/null || true");
  return text.split("\n").filter((line) => line !== "");
}
