/** The tests of the matrix, for CI and for the long run. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Case, cases, nameOf } from "./cases.ts";
import { MatrixFleet, names } from "./fleet.ts";
import { oddityTests } from "./oddities.ts";
import { operatorTests } from "./operators.ts";
import { Traffic } from "./traffic.ts";
import { Trial } from "./trial.ts";

const REQUESTS_PER_SECOND = 24;
/** The load ends by itself after this long, whoever forgets to stop it. */
const LOAD_S = 3 * 3600;

export interface MatrixOptions {
  goodRollouts: number;
  only: (one: Case) => boolean;
}

export function matrix({ goodRollouts, only }: MatrixOptions): void {
  // For trying out a part of it: a pattern of names.
  const pattern = new RegExp(process.env.FLEETWRIGHT_MATRIX ?? "");
  describe("four machines under load", () => {
    const fleet = new MatrixFleet("matrix");
    let trial: Trial;
    let traffic: Traffic | undefined;

    before(async () => {
      await fleet.boot();
      const first = await fleet.start(await fleet.plan(await fleet.build("good"))).ended;
      assert.equal(first.code, 0, first.evidence);
      const seen = await fleet.look();
      const ca = names.map((name) => seen.get(name)?.apps[0]?.caPem ?? "").join("");
      const load = { requestsPerSecond: REQUESTS_PER_SECOND, maxRequests: REQUESTS_PER_SECOND * LOAD_S };
      traffic = new Traffic(
        names.map((name) => fleet.url(name)),
        ca,
        load,
      );
      trial = new Trial(fleet, traffic);
    });
    after(async () => {
      try {
        const done = await traffic?.stop();
        console.log(`${done?.sent} requests; the slowest of more than a second took ${Math.round(done?.slowestMs ?? 0)} ms, outages apart`);
      } finally {
        fleet.close();
      }
    });

    test(`${goodRollouts} good rollouts lose nothing`, { skip: !pattern.test("good") }, async () => {
      for (let round = 1; round <= goodRollouts; round++) {
        await trial.succeed();
        traffic?.judge(`good rollout ${round}`, 0, "");
      }
      await trial.quiet();
    });

    describe("operators", { skip: !pattern.test("operators") }, () => operatorTests(() => trial));
    describe("oddities", { skip: !pattern.test("oddities") }, () => oddityTests(() => trial));
    for (const one of cases.filter(only)) test(nameOf(one), { skip: !pattern.test(nameOf(one)) }, () => trial.hold(one));
  });
}
