/** A rollout that brings machines a new baseline of their hardening. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeMachine, fleet, run } from "./fake-fleet.ts";

test("a machine's new baseline is kept once a new login came through, before the next machine is touched", async () => {
  const machines = fleet(2);
  const [first, second] = machines as [FakeMachine, FakeMachine];
  first.unhardened = ["firewall"];
  first.onTold = (command) => {
    if (command === "keep-hardening") assert.ok(!second.told.includes("switch"));
  };
  await run(machines);
  assert.deepEqual(first.told, ["hold", "stage", "switch", "harden", "knock", "keep-hardening", "prepare", "decide", "confirm"]);
  assert.ok(!second.told.includes("harden"));
});

test("a machine that lets no new login in ends the rollout, and is put back", async (t) => {
  const machines = fleet(2);
  const [first, second] = machines as [FakeMachine, FakeMachine];
  Object.assign(first, { unhardened: ["firewall"], letsIn: false });
  const real = performance.now.bind(performance);
  let aheadMs = 0;
  t.mock.method(performance, "now", () => real() + aheadMs);
  first.onTold = (command) => {
    if (command === "harden") setTimeout(() => (aheadMs = 30_000), 50);
  };
  const message = /web-1: no new SSH login came through the machine's new firewall: connection timed out/;
  await assert.rejects(run(machines, { leaseMs: 3_600_000 }), message);
  assert.deepEqual([first.told.at(-1), second.told.includes("switch")], ["revert", false]);
});
