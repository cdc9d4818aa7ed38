import assert from "node:assert/strict";
import { test } from "node:test";
import type { FleetError } from "../../../infra/errors.ts";
import type { RolloutEvent } from "../../../infra/rollout/events.ts";
import { summaryLines } from "../../../infra/rollout/summary.ts";
import { generationOf } from "../../../runtime/manifest.ts";
import type { Reachable } from "../../../infra/rollout/observation.ts";
import { manifest, observed, reportOf } from "../../support/samples.ts";
import { FakeMachine, fleet, run } from "./fake-fleet.ts";

test("all are staged and switched before any is confirmed, and the result has every machine", async () => {
  const machines = fleet(3);
  const result = await run(machines, { batch: 2 });
  for (const { told } of machines) assert.deepEqual(told, ["hold", "stage", "switch", "prepare", "decide", "confirm"]);
  assert.deepEqual(Object.keys(result.machines), ["web-1", "web-2", "web-3"]);
  assert.equal(result.machines["web-1"]?.generation, generationOf(machines[0]?.wanted ?? manifest()));
  assert.equal(result.caBundle, "PEMPEMPEM");
});

test("a release that fails on the second machine is undone on the first, and the third is never touched", async () => {
  const machines = fleet(3);
  const [first, second, third] = machines as [FakeMachine, FakeMachine, FakeMachine];
  second.failsAt = "switch";
  await assert.rejects(run(machines), (error: FleetError) => {
    assert.match(error.message, /^web-2: switch: the app crashed/);
    assert.match(error.message, /boom/);
    return true;
  });
  assert.deepEqual(first.told, ["hold", "stage", "switch", "revert"]);
  assert.deepEqual(second.told, ["hold", "stage", "switch", "revert"]);
  assert.deepEqual(third.told, ["hold", "stage", "release"]);
});

test("every order says which rollout it is a part of: an order of one waits for what is left of another, one by hand doesn't", async () => {
  const machines = fleet(2);
  (machines[1] as FakeMachine).failsAt = "switch";
  await assert.rejects(run(machines), /the app crashed/);
  assert.deepEqual(
    machines.flatMap(({ nameless }) => nameless),
    [],
  );
});

test("a machine that can't be staged stops the rollout before anything is switched", async () => {
  const machines = fleet(2);
  (machines[1] as FakeMachine).failsAt = "stage";
  await assert.rejects(run(machines), /web-2: stage: the app crashed/);
  assert.ok(machines.every(({ told }) => !told.includes("switch")));
});

test("machines that are as wanted are only kept from others while one of them changes", async () => {
  const machines = fleet(2);
  (machines[0] as FakeMachine).confirmed = true;
  await run(machines);
  assert.deepEqual((machines[0] as FakeMachine).told, ["hold", "release"]);
});

test("where nothing has to change, no machine is told anything", async () => {
  const machines = fleet(2);
  for (const machine of machines) machine.confirmed = true;
  await run(machines);
  assert.deepEqual(
    machines.map(({ told }) => told),
    [[], []],
  );
});

test("a machine that is lost after the plan was made stops the rollout before anything is switched", async () => {
  const machines = fleet(2);
  (machines[1] as FakeMachine).reachable = false;
  await assert.rejects(run(machines), /web-2: no answer for .* s \(connection timed out\)[\s\S]*nothing was switched/);
  assert.deepEqual((machines[0] as FakeMachine).told, []);
});

test("a machine that is lost after its confirm is named, and nothing is said to be as before", async () => {
  const machines = fleet(2);
  const [, second] = machines as [FakeMachine, FakeMachine];
  second.onTold = (command) => {
    if (command === "confirm") second.reachable = false;
  };
  await assert.rejects(
    run(machines),
    /web-2: it stopped answering after its confirm[\s\S]*the new release, on every machine[\s\S]*^The fleet is on release 11111111\.$/m,
  );
});

test("a machine that went back just before its confirm: the others are named, and it is put back", async () => {
  const machines = fleet(2);
  const [first, second] = machines as [FakeMachine, FakeMachine];
  second.failsAt = "decide";
  await assert.rejects(
    run(machines),
    /web-2: confirm: it went back by itself[\s\S]*confirmed already on web-1[\s\S]*The fleet is on release 1/,
  );
  assert.ok(!first.told.includes("revert"));
  assert.ok(second.told.includes("revert"));
});

test("a machine that is no longer well when all are to be confirmed puts all of them back", async () => {
  const machines = fleet(3);
  (machines[2] as FakeMachine).failsAt = "prepare";
  await assert.rejects(run(machines), /web-3: prepare: the app crashed/);
  for (const { told } of machines) assert.ok(told.includes("revert") && !told.includes("decide"));
});

test("a machine that falls silent is not waited for longer than its lease, and the others are put back", async () => {
  const machines = fleet(2);
  const [first, second] = machines as [FakeMachine, FakeMachine];
  second.onTold = (command) => {
    if (command === "switch") second.hangs = true;
  };
  const startedMs = performance.now();
  await assert.rejects(run(machines, { leaseMs: 200 }), /web-2: it fell silent during the rollout: no answer for 0\.\d s/);
  assert.ok(performance.now() - startedMs < 3_000);
  assert.ok(first.told.includes("revert"));
});

test("a rollout that is kept away says who holds the machine, and lets go of the others", async () => {
  const machines = fleet(2);
  const [first, second] = machines as [FakeMachine, FakeMachine];
  second.busyAt = "hold";
  await assert.rejects(run(machines), /web-2: hold: the app crashed/);
  assert.deepEqual([first.told.includes("switch"), first.told.at(-1), second.told.includes("stage")], [false, "release", false]);
});

test("with a pause, those that were switched are asked again before the next ones are", async () => {
  const machines = fleet(3);
  (machines[0] as FakeMachine).failsAt = "prepare";
  await assert.rejects(run(machines, { pauseMs: 5 }), /web-1: prepare/);
  assert.deepEqual((machines[1] as FakeMachine).told, ["hold", "stage", "release"]);
});

test("events tell every phase of every machine, and end with what became of it", async () => {
  const machines = fleet(2);
  const events: RolloutEvent[] = [];
  await run(machines, {}, undefined, { tell: (event) => events.push(event) });
  assert.deepEqual(
    events.flatMap((event) => (event.event === "phase" && event.machine === "web-2" ? [event.phase] : [])),
    ["stage", "switch", "prepare", "confirm"],
  );
  assert.deepEqual(events[0]?.event, "begin");
  const end = events.at(-1);
  assert.ok(end?.event === "end" && end.ok && end.confirmWindowMs !== null);
  assert.match(summaryLines(events).join("\n"), /^release 11111111 on 2 machines in .*; nothing sent\n {2}machine[\s\S]*web-2 /);
});

test("a machine that is right under another id is told this plan's, so that the run after is quiet", async () => {
  const machines = fleet(1);
  const [only] = machines as [FakeMachine];
  only.confirmed = true;
  only.applyId = "earlier";
  await run(machines);
  assert.ok(only.told.includes("confirm"));
});

test("an interrupt between two machines puts the first back", async () => {
  const machines = fleet(2);
  const interrupt = new AbortController();
  const [first] = machines as [FakeMachine, FakeMachine];
  first.onTold = (command) => {
    if (command === "switch") interrupt.abort();
  };
  await assert.rejects(
    run(machines, {}, interrupt.signal),
    (error: FleetError) => error.exitCode === 130 && /interrupted/.test(error.message),
  );
  assert.deepEqual(first.told, ["hold", "stage", "switch", "revert"]);
  assert.deepEqual((machines[1] as FakeMachine).told, ["hold", "stage", "release"]);
});

test("while one batch switches, the next one's agents are started; each gets its manifest in its turn, or none", async () => {
  const machines = fleet(3);
  const [first, second, third] = machines as [FakeMachine, FakeMachine, FakeMachine];
  let before: number[] = [];
  first.onTold = (command) => {
    if (command === "switch") before = machines.map(({ armed }) => armed);
  };
  second.failsAt = "switch";
  await assert.rejects(run(machines), /the app crashed/);
  assert.deepEqual(before, [0, 1, 0]);
  assert.equal(third.armed, 1);
  assert.deepEqual(third.told, ["hold", "stage", "release"]);
});

test("between two batches with a pause no machine is kept waiting", async () => {
  const machines = fleet(2);
  await run(machines, { pauseMs: 1 });
  assert.deepEqual(
    machines.map(({ armed }) => armed),
    [0, 0],
  );
});

test("machines that said a moment ago what they run aren't asked again, and at the end what they say is kept", async () => {
  const [machine] = fleet(1) as [FakeMachine];
  machine.applied = "ours";
  const kept: string[] = [];
  let asked = 0;
  machine.onProbe = () => asked++;
  await run([machine], {}, undefined, {
    told: new Map([["web-1", sightOf(machine)]]),
    keep: (sights) => kept.push(...[...sights].map(([name]) => name)),
  });
  assert.equal(asked, 1, "at the end, as this agent doesn't say what it confirmed");
  assert.deepEqual(kept, ["web-1"]);
});

test("a machine that another rollout has changed in between is found out before anything is sent to be switched", async () => {
  const [machine, other] = fleet(2) as [FakeMachine, FakeMachine];
  machine.applied = "another's";
  await assert.rejects(
    run([machine, other], {}, undefined, { told: new Map([["web-1", sightOf(machine)]]) }),
    /web-1: another rollout has changed it since[\s\S]*nothing was switched/,
  );
  assert.ok(![...machine.told, ...other.told].includes("switch"));
});

/** What a machine that runs another release said before. */
function sightOf({ wanted }: FakeMachine): Reachable {
  const report = reportOf(wanted, { applyId: "ours", manifestHash: "0".repeat(64) });
  return { ...(observed(report) as Reachable), runtimes: [wanted.runtime] };
}

test("a recovery switches empty machines at once, and goes in batches where one still serves", async () => {
  const batchesOf = async (alive: boolean): Promise<unknown> => {
    const machines = fleet(3);
    (machines[0] as FakeMachine).confirmed = alive;
    const events: RolloutEvent[] = [];
    await run(machines, {}, undefined, { recovers: true, tell: (event) => events.push(event) });
    return events.flatMap((event) => (event.event === "begin" ? [event.batches] : []));
  };
  assert.deepEqual(await batchesOf(false), [[["web-1", "web-2", "web-3"]]]);
  assert.deepEqual(await batchesOf(true), [[["web-2"], ["web-3"]]]);
});
