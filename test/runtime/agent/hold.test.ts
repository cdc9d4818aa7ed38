/** A rollout's hold on a machine: who may change it, and for how long. */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { test } from "node:test";
import type { AgentFailure } from "../../../runtime/agent/failure.ts";
import { judgeHold, readHold, releaseHold, renewHold, requireHold, takeHold } from "../../../runtime/agent/hold.ts";
import { fakeAgent } from "./fake-agent.ts";

const anna = { rollout: "r-anna", who: "anna@desk", leaseMs: 5_000, takeOver: false };
const ben = { rollout: "r-ben", who: "ben@train", leaseMs: 5_000, takeOver: false };

test("the second operator is refused with who, since when, and how to take over", async (t) => {
  const agent = fakeAgent(t);
  await takeHold(agent, "shop", anna);
  await assert.rejects(takeHold(agent, "shop", ben), (error: AgentFailure) => {
    assert.equal(error.exitCode, 4);
    assert.match(error.message, /a rollout of anna@desk holds this machine since 2026-01-01T/);
    assert.match(error.next, /ends by itself in 5 s.*--take-over.*FLEETWRIGHT_TAKE_OVER=1/);
    return true;
  });
  assert.equal((await readHold(agent, "shop"))?.who, "anna@desk");
});

test("a hold that is not renewed ends; a renewed one doesn't", async (t) => {
  const agent = fakeAgent(t);
  await takeHold(agent, "shop", anna);
  agent.uptime += 4_000;
  await renewHold(agent, "shop", anna.rollout, 5_000);
  agent.uptime += 4_000;
  await assert.rejects(takeHold(agent, "shop", ben), /anna@desk/);
  agent.uptime += 1_000;
  await takeHold(agent, "shop", ben);
  await assert.rejects(renewHold(agent, "shop", anna.rollout, 5_000), /ben@train has taken over/);
});

test("who was taken over from is refused at its next word, and can't let go of what is another's", async (t) => {
  const agent = fakeAgent(t);
  await takeHold(agent, "shop", anna);
  await takeHold(agent, "shop", { ...ben, takeOver: true });
  await assert.rejects(renewHold(agent, "shop", anna.rollout, 5_000), /taken over/);
  await assert.rejects(requireHold(agent, "shop", anna.rollout), /ben@train holds/);
  await releaseHold(agent, "shop", anna.rollout);
  assert.equal((await readHold(agent, "shop"))?.rollout, ben.rollout);
  await releaseHold(agent, "shop", ben.rollout);
  assert.equal(await readHold(agent, "shop"), undefined);
});

test("a change by hand waits for the rollout; a rollout that a boot has ended changes nothing more", async (t) => {
  const agent = fakeAgent(t);
  await requireHold(agent, "shop", undefined);
  await takeHold(agent, "shop", anna);
  await requireHold(agent, "shop", anna.rollout);
  await assert.rejects(requireHold(agent, "shop", undefined), /anna@desk holds/);
  rmSync(agent.paths.hold("shop"));
  await assert.rejects(requireHold(agent, "shop", anna.rollout), /no longer holds the machine/);
});

test("one's own hold is lost to somebody else only, never to time alone", () => {
  const hold = { ...anna, since: "", deadlineUptimeMs: 100 };
  assert.equal(judgeHold(hold, anna.rollout, 500), "ours");
  assert.equal(judgeHold(hold, ben.rollout, 99), "another's");
  assert.equal(judgeHold(hold, ben.rollout, 100), "free");
  assert.equal(judgeHold(undefined, ben.rollout, 0), "free");
});
