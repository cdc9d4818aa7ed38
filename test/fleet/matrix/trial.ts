/** Puts a case on trial: the rollout, the fault, and everything that must be true afterwards. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { HistoryLine } from "../../../runtime/report.ts";
import { until } from "../../support/poll.ts";
import { type Case, nameOf, steps } from "./cases.ts";
import { bring, cutsClientsOff, end, PATIENCE_MS, prepare } from "./faults.ts";
import { LEASE_MS, type MatrixFleet, type Name, names, type Release } from "./fleet.ts";
import type { Ended, RolloutRun } from "./rollout-run.ts";
import type { Traffic } from "./traffic.ts";

export class Trial {
  readonly fleet: MatrixFleet;
  readonly traffic: Traffic;

  constructor(fleet: MatrixFleet, traffic: Traffic) {
    this.fleet = fleet;
    this.traffic = traffic;
  }

  /** The case, then a good release, then a run with nothing to do. */
  async hold(given: Case): Promise<void> {
    const { fleet } = this;
    const before = await fleet.oneRelease(PATIENCE_MS);
    const histories = await this.#histories();
    const release = await fleet.build(given.release);
    const { run, ended, brought } = await this.#provoke(given, release);
    const judged = (): void => {
      assert.ok(given.fault === undefined || brought, `the fault was never brought about:\n${ended.evidence}`);
      this.#judgeEnd(given, ended, release, before);
    };
    try {
      judged();
    } catch (error) {
      // The next case has to find a whole fleet.
      await this.#settle({ ...given, after: "told" }, ended, before, release).catch(() => undefined);
      throw error;
    }
    const settledMs = await this.#settle(given, ended, before, release);
    await this.#judgeHistories(given, run, histories, release);
    this.traffic.judge(nameOf(given), given.mayLose ?? 0, ended.evidence);
    await this.succeed(given.fault === "killOperator");
    await this.quiet();
    this.traffic.judge(`after: ${nameOf(given)}`, 0, ended.evidence);
    console.log(`${nameOf(given)}: ended after ${seconds(ended.tookMs)}, on one release ${seconds(settledMs)} later`);
  }

  #last: Release | undefined;

  /** A good release to all machines. @param held somebody has died, and the machines may still be held for a lease at most */
  async succeed(held = false): Promise<void> {
    const release = await this.fleet.build("good");
    let ended = await this.fleet.start(await this.fleet.plan(release)).ended;
    if (held && /holds this machine since/.test(ended.message)) {
      await sleep(LEASE_MS);
      ended = await this.fleet.start(await this.fleet.plan(release)).ended;
    }
    assert.equal(ended.code, 0, ended.evidence);
    assert.equal(await this.fleet.oneRelease(1_000 + PATIENCE_MS), release.built.releaseId);
    this.#last = release;
  }

  /** The same again: nothing to do, and nothing is done. */
  async quiet(): Promise<void> {
    if (this.#last === undefined) throw new Error("nothing was rolled out yet");
    const run = this.fleet.start(await this.fleet.plan(this.#last));
    const ended = await run.ended;
    const begin = run.events.find((event) => event.event === "begin");
    assert.deepEqual([ended.code, begin?.changing], [0, []], ended.evidence);
  }

  async #provoke(given: Case, release: Release): Promise<{ run: RolloutRun; ended: Ended; brought: boolean }> {
    const { fleet } = this;
    const { fault, step, machine, pauseMs = 0 } = given;
    await prepare(fleet, given);
    const plan = await fleet.plan(release, { pauseMs });
    let bringing: Promise<void> | undefined;
    const run = fleet.start(plan, {
      onEvent: (event, running) => {
        if (fault === undefined || step === undefined || bringing !== undefined || !steps[step](event, running.events)) return;
        if (machine !== undefined && cutsClientsOff(fault)) this.traffic.away(fleet.url(machine));
        bringing = bring(fault, fleet, running, machine);
      },
    });
    const ended = await run.ended;
    await bringing;
    return { run, ended, brought: bringing !== undefined };
  }

  #judgeEnd({ code, after, says = [] }: Case, { code: ended, message, evidence }: Ended, release: Release, before: string): void {
    if (code !== undefined) assert.equal(ended, code, evidence);
    for (const text of says) assert.match(message, text, evidence);
    if (code === 1 && after === "old") {
      const at = new RegExp(`^The fleet is on release ${before.slice(0, 8)}\\.`, "m");
      assert.match(message, at, `it doesn't say where the fleet is:\n${evidence}`);
      assert.doesNotMatch(message, new RegExp(`on release ${release.built.releaseId.slice(0, 8)}`), evidence);
    }
  }

  /** @returns how long it took from the run's end */
  async #settle(given: Case, ended: Ended, before: string, release: Release): Promise<number> {
    const { fleet, traffic } = this;
    const startedMs = performance.now();
    const { fault, machine, after } = given;
    // A machine goes back, or forward, without room on its disk.
    if (fault === "fillDisk") await fleet.oneRelease(PATIENCE_MS);
    if (fault !== undefined) await end(fault, fleet, machine);
    const wanted = { old: [before], new: [release.built.releaseId], either: [before, release.built.releaseId] };
    if (after === "told") await this.#toldWhereItIs(ended);
    else {
      const now = await fleet.oneRelease(PATIENCE_MS);
      assert.ok(wanted[after].includes(now), `the fleet is on ${now.slice(0, 8)}, which was not to be:\n${ended.evidence}`);
    }
    if (machine !== undefined && cutsClientsOff(fault)) await traffic.back(fleet.url(machine));
    return performance.now() - startedMs;
  }

  /** The one moment that no protocol can rule out. One release is the rule; two are said. */
  async #toldWhereItIs({ code, message, evidence }: Ended): Promise<void> {
    const settled = async (): Promise<boolean> => [...(await this.fleet.releases()).values()].every((release) => release !== undefined);
    await until("every machine is settled", settled, PATIENCE_MS);
    const releases = new Set((await this.fleet.releases()).values());
    if (releases.size === 1) return;
    console.log(`two releases after a loss in the moment of the confirm: ${[...releases].map((id) => id?.slice(0, 8)).join(", ")}`);
    if (code !== null) assert.match(message, /confirmed already|whether it was confirmed/, evidence);
  }

  async #histories(): Promise<Map<Name, HistoryLine[]>> {
    return new Map(await Promise.all(names.map(async (name) => [name, await this.fleet.history(name)] as const)));
  }

  /** One line for each machine that was switched; none says what wasn't. */
  async #judgeHistories(given: Case, run: RolloutRun, before: Map<Name, HistoryLine[]>, release: Release): Promise<void> {
    const { after, fault, machine } = given;
    const now = await this.#histories();
    const live = await this.fleet.releases();
    const phases = run.events.filter((event) => event.event === "phase");
    const switched = new Set(phases.filter(({ phase, ok }) => phase === "switch" && ok).map(({ machine: name }) => name));
    for (const name of names) {
      const lines = now.get(name) ?? [];
      const added = lines.slice(before.get(name)?.length);
      // Where there is no room for a line, there is none.
      const mute = fault === "fillDisk" && name === machine;
      const told = `${name}: ${JSON.stringify(added)}`;
      if (!mute) assert.equal(lines.findLast(({ event }) => event === "confirmed")?.release, live.get(name), told);
      assert.ok(added.every((line) => line.release === release.built.releaseId) && added.length <= 1, told);
      if (switched.has(name) && !mute) assert.equal(added.length, 1, told);
      if (after === "old")
        assert.ok(
          added.every(({ event, why }) => event !== "confirmed" && why !== ""),
          told,
        );
      if (after === "new" && !mute) assert.equal(added[0]?.event, "confirmed", told);
    }
  }
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
