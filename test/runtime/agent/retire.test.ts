/** The old generation's way out, on made-up machines. */
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { createServer } from "node:http";
import { dirname } from "node:path";
import { type TestContext, test } from "node:test";
import { awaitOthersEnd, takeOffTraffic, takesNoMore } from "../../../runtime/agent/retire.ts";
import { until } from "../../support/poll.ts";
import { sampleStatus, sampleWorker } from "../supervisor/sample-status.ts";
import { fakeAgent, type FakeAgent } from "./fake-agent.ts";

const UNIT = "shop@0123456789abcdef.service";

/** A supervisor that says what it is told to say. */
async function supervisor(t: TestContext, { paths }: FakeAgent, status: () => unknown): Promise<void> {
  const path = paths.statusSocket("shop", "0123456789abcdef");
  mkdirSync(dirname(path), { recursive: true });
  const server = createServer((_request, response) => response.end(JSON.stringify(status())));
  await new Promise<void>((listening) => server.listen(path, listening));
  t.after(() => server.close());
}

test("a generation is off the traffic once it stops and every worker has closed its sockets, or was killed", () => {
  assert.equal(takesNoMore({ state: "stopping", each: [{ state: "closed" }, { state: "killed" }] }), true);
  assert.equal(takesNoMore({ state: "stopping", each: [] }), true);
  for (const state of ["booting", "ready", "delisted", "draining"] as const) {
    assert.equal(takesNoMore({ state: "stopping", each: [{ state: "closed" }, { state }] }), false, state);
  }
  assert.equal(takesNoMore({ state: "running", each: [] }), false, "the word to stop hasn't reached it yet");
});

test("it is told to end, and not waited for any longer than it takes connections", async (t) => {
  const agent = fakeAgent(t);
  agent.running.add(UNIT);
  const says = { ...sampleStatus(), state: "stopping", each: [sampleWorker({ state: "draining" })] };
  await supervisor(t, agent, () => says);
  let done = false;
  const leaving = takeOffTraffic(agent, "shop", "0123456789abcdef").then(() => (done = true));
  await until("it is told to end", () => agent.calls.includes(`stop ${UNIT}`), 60_000);
  assert.equal(done, false);
  says.each = [sampleWorker({ state: "closed" })];
  await leaving;
});

test("one that says nothing is waited for until it has ended", async (t) => {
  const agent = fakeAgent(t);
  await takeOffTraffic(agent, "shop", "0123456789abcdef");
  assert.deepEqual(agent.calls, [`stop ${UNIT}`]);
});

test("before a confirm, whoever still answers is waited for, unless the agent is told to end", async (t) => {
  const agent = fakeAgent(t);
  agent.running.add(UNIT);
  const told = new AbortController();
  const waiting = awaitOthersEnd({ ...agent, signal: told.signal }, "shop", "ffffffffffffffff");
  await until("it is told who is waited for", () => agent.steps.length > 0, 60_000);
  assert.deepEqual(agent.steps, ["drain: generation 0123456789abcdef still answers what it has"]);
  agent.running.delete(UNIT);
  await waiting;
  agent.running.add(UNIT);
  told.abort();
  await assert.rejects(awaitOthersEnd({ ...agent, signal: told.signal }, "shop", "ffffffffffffffff"), /told to end/);
});
