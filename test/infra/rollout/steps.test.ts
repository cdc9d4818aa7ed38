/** Steps before the first switch, as the driver carries them out. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeMachine, fleet, run } from "./fake-fleet.ts";

const step = { name: "migrate", command: ["./migrate"], repeatable: false, timeoutMs: 1_000 };

function withStep(count: number): FakeMachine[] {
  const machines = fleet(count);
  for (const { wanted } of machines) wanted.app.once = [step];
  return machines;
}

test("a step runs on the first machine, after all are staged and before any is switched, and all others are told", async () => {
  const machines = withStep(2);
  const order: string[] = [];
  for (const machine of machines) machine.onTold = (command) => order.push(`${machine.wanted.machine} ${command}`);
  await run(machines);
  const at = order.indexOf("web-1 once");
  assert.ok(at > order.indexOf("web-2 stage") && at < order.indexOf("web-1 switch"));
  assert.deepEqual((machines[1] as FakeMachine).told.slice(0, 4), ["hold", "stage", "note-once", "note-once"]);
  assert.ok(order.indexOf("web-2 note-once") < at && order.lastIndexOf("web-2 note-once") > at);
});

test("a step that any machine knows to be done is not run again", async () => {
  const machines = withStep(2);
  (machines[1] as FakeMachine).once = [{ attempt: "1", release: "1".repeat(64), step: "migrate", state: "done", on: "web-9" }];
  await run(machines);
  assert.ok(machines.every(({ told }) => !told.includes("once") && told.includes("switch")));
});

test("a step that died in the middle stops the rollout, unless the operator says that it may be repeated", async () => {
  const machines = withStep(2);
  (machines[1] as FakeMachine).once = [{ attempt: "1", release: "1".repeat(64), step: "migrate", state: "started", on: "web-9" }];
  await assert.rejects(run(machines), /"migrate" began on web-9[\s\S]*nothing was switched[\s\S]*--repeat-once migrate/);
  assert.ok(machines.every(({ told }) => !told.includes("switch")));
  await run(machines, {}, undefined, { repeatOnce: ["migrate"] });
  assert.ok((machines[0] as FakeMachine).told.includes("once"));
});

test("a failed step stops the rollout before any switch, with its last lines", async () => {
  const machines = withStep(2);
  (machines[0] as FakeMachine).failsAt = "once";
  await assert.rejects(run(machines), /web-1: once: the app crashed\n {2}\| boom/);
  assert.ok(machines.every(({ told }) => !told.includes("switch")));
  // Only of its start: how it ended, the first machine knows, and a later word of another would count for more.
  assert.deepEqual((machines[1] as FakeMachine).told, ["hold", "stage", "note-once", "release"]);
});
