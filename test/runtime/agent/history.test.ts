/** The history tells every switch's end, also where a cut or a full disk comes in between. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync } from "node:fs";
import { test } from "node:test";
import { endPending, type Pending, readHistory, writePending } from "../../../runtime/agent/records.ts";
import { asFailure } from "../../../runtime/agent/failure.ts";
import { type FakeAgent, fakeAgent } from "./fake-agent.ts";
import { sampleManifest } from "./sample-manifest.ts";

const manifest = sampleManifest();
const pending: Pending = { schema: 1, applyId: "apply-2", manifest, bootId: "boot-1" };
const isPending = (agent: FakeAgent): boolean => existsSync(agent.paths.record("shop", "pending.json"));

test("a switch that has ended is told while its record is still there: a cut in between can't lose it", async (t) => {
  const agent = fakeAgent(t);
  await writePending(agent, "apply-2", manifest);
  let told: boolean | undefined;
  const { wallTime } = agent.clock;
  agent.clock.wallTime = () => {
    told = isPending(agent);
    return wallTime();
  };
  await endPending(agent, "shop", pending, "reverted", "asked to");
  const [line] = await readHistory(agent, "shop");
  assert.deepEqual([told, isPending(agent), line?.event, line?.applyId], [true, false, "reverted", "apply-2"]);
});

test("a history that can't be written to doesn't keep a switch from ending, and what it should say is said", async (t) => {
  const agent = fakeAgent(t);
  await writePending(agent, "apply-2", manifest);
  mkdirSync(agent.paths.record("shop", "history.jsonl"));
  await endPending(agent, "shop", pending, "failed", "it crashed");
  assert.equal(isPending(agent), false);
  assert.match(agent.steps[0] ?? "", /^history: this couldn't be written down \(.+\): failed: it crashed$/);
});

test("a full disk is told as such, whatever was being written", () => {
  const full = Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
  const { step, message, next } = asFailure(full, "switch");
  assert.deepEqual([step, message], ["switch", "the disk is full (ENOSPC: no space left on device, write)"]);
  assert.match(next, /Make room/);
});
