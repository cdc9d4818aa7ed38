import assert from "node:assert/strict";
import { test } from "node:test";
import { drain, serveAgain } from "../../../../runtime/agent/reboots/drain.ts";
import { lookBack, rebootIfDue } from "../../../../runtime/agent/reboots/reboot.ts";
import { readReboot, type RebootRecord, writeReboot } from "../../../../runtime/agent/reboots/record.ts";
import { fakeAgent } from "../fake-agent.ts";

const GENERATION = "0123456789abcdef";
const unit = `shop@${GENERATION}.service`;
const begun: RebootRecord = { schema: 1, state: "begun", at: "2026-01-01T03:00:00.000Z", why: "an update", bootId: "boot-1", detail: "" };

test("Caddy ends before the app does; back again, the app is there before Caddy", async (t) => {
  const agent = fakeAgent(t);
  await agent.run("systemctl", ["enable", unit]);
  for (const name of ["fleetwright-caddy.service", "shop.socket", unit]) agent.running.add(name);
  agent.calls.length = 0;
  await drain(agent, "shop");
  assert.deepEqual(agent.calls, ["stop fleetwright-caddy.service", `stop shop.socket ${unit}`]);
  agent.calls.length = 0;
  await serveAgain(agent, "shop");
  assert.deepEqual(agent.calls, ["start shop.socket", `start ${unit}`, "start fleetwright-caddy.service"]);
});

test("after a restart that left the app down, that is on record, with why", async (t) => {
  const agent = fakeAgent(t);
  await writeReboot(agent, { ...begun, bootId: "the one before" });
  await lookBack(agent, "shop", 0);
  const { state, detail } = (await readReboot(agent)) ?? assert.fail();
  assert.deepEqual([state, detail], ["unhealthy", "nothing of it is here"]);
});

test("a restart that was given up in the middle is on record as failed", async (t) => {
  const agent = fakeAgent(t);
  await writeReboot(agent, begun);
  await lookBack(agent, "shop", 0);
  assert.equal((await readReboot(agent))?.state, "failed");
});

test("a machine whose manifest asks for no restarts never restarts, whatever its timer says", async (t) => {
  const agent = fakeAgent(t);
  assert.equal(await rebootIfDue(agent, "shop"), "no restarts are asked for");
  assert.deepEqual(agent.calls, []);
});
