/** Where a new generation is asked for its health before the old one goes. */
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import { dirname } from "node:path";
import { type TestContext, test } from "node:test";
import { passDirectGate, passWorkersGate, readySlot } from "../../../runtime/agent/gate.ts";
import { unitNames } from "../../../runtime/agent/paths.ts";
import { generationOf, type Manifest } from "../../../runtime/manifest.ts";
import { reportOfSupervisor } from "../../support/samples.ts";
import { type FakeAgent, fakeAgent } from "./fake-agent.ts";
import { commandManifest } from "./sample-manifest.ts";

async function listen(t: TestContext, where: string | number, listener: RequestListener): Promise<Server> {
  if (typeof where === "string") mkdirSync(dirname(where), { recursive: true });
  const server = createServer(listener);
  await new Promise<void>((resolve) =>
    typeof where === "string" ? server.listen(where, resolve) : server.listen(where, "127.0.0.1", resolve),
  );
  t.after(() => server.close());
  return server;
}

function running(t: TestContext, manifest: Manifest): FakeAgent {
  const agent = fakeAgent(t);
  agent.running.add(unitNames.generation("shop", generationOf(manifest)));
  return agent;
}

/** A supervisor that reports one worker: not ready at first, then ready at the address. */
async function supervisor(t: TestContext, agent: FakeAgent, manifest: Manifest, address: string): Promise<void> {
  let asked = 0;
  await listen(t, agent.paths.statusSocket("shop", generationOf(manifest)), (_, response) => {
    const state = ++asked < 2 ? "booting" : "ready";
    response.end(JSON.stringify(reportOfSupervisor([{ state, address }])));
  });
}

test("a command with slots is asked on the address of a worker that is ready", async (t) => {
  const manifest = commandManifest({ listen: "port" });
  const agent = running(t, manifest);
  const seen: (string | undefined)[] = [];
  const app = await listen(t, 0, (request, response) => {
    seen.push(request.url);
    response.end();
  });
  await supervisor(t, agent, manifest, `127.0.0.1:${(app.address() as { port: number }).port}`);
  await passDirectGate(agent, manifest);
  assert.deepEqual([seen, agent.steps], [["/health"], ["health: GET /health answered 200"]]);
});

test("a slot that answers badly doesn't pass", async (t) => {
  const manifest = commandManifest({ listen: "socket" });
  // Time for an answer, however busy the computer is.
  manifest.app.processes[0].health.timeoutMs = 6_000;
  const agent = running(t, manifest);
  const socket = `${agent.root}/1.sock`;
  await listen(t, socket, (_, response) => response.writeHead(503).end());
  await supervisor(t, agent, manifest, socket);
  await assert.rejects(passDirectGate(agent, manifest), /is not healthy: GET \/health answered 503/);
});

test("a supervisor that doesn't answer, or has nobody ready, doesn't pass", async (t) => {
  const manifest = commandManifest({ listen: "port" });
  await assert.rejects(passDirectGate(running(t, manifest), manifest), /no worker of it is ready to be asked/);
});

test("a command on the shared socket isn't asked apart, and the step says why", async (t) => {
  const manifest = commandManifest({ listen: "fd" });
  const agent = running(t, manifest);
  await passDirectGate(agent, manifest);
  assert.match(agent.steps[0] ?? "", /^health: not asked apart, as a command takes requests from the shared socket only/);
});

test("a worker without an address of its own, or not ready, isn't the one to ask", () => {
  assert.equal(
    readySlot([
      { state: "ready", address: null },
      { state: "draining", address: "127.0.0.1:20001" },
    ]),
    undefined,
  );
  assert.deepEqual(
    readySlot([
      { state: "delisted", address: "127.0.0.1:20001" },
      { state: "ready", address: "/a/2.sock" },
    ]),
    { kind: "socket", path: "/a/2.sock" },
  );
});

test("workers of a release on trial that die again and again don't pass, although they are ready just now; one death is none", async (t) => {
  const manifest = commandManifest({ listen: "port" });
  const agent = running(t, manifest);
  const restarts = { crashed: 1 };
  await listen(
    t,
    agent.paths.statusSocket("shop", generationOf(manifest)),
    (_, response) => void response.end(JSON.stringify({ ...reportOfSupervisor([{ state: "ready" }]), restarts })),
  );
  await passWorkersGate(agent, manifest, { onTrial: true });
  restarts.crashed = 2;
  await assert.rejects(passWorkersGate(agent, manifest, { onTrial: true }), /no longer is: its workers died 2 times/);
  // One that has served for weeks has had its deaths.
  await passWorkersGate(agent, manifest, { onTrial: false });
});

test("workers that aren't ready are waited for, but not for ever", async (t) => {
  const manifest = commandManifest({ listen: "port" });
  const agent = running(t, manifest);
  await supervisor(t, agent, manifest, "127.0.0.1:1");
  await passWorkersGate(agent, manifest, { onTrial: true });
  await assert.rejects(passWorkersGate(running(t, manifest), manifest, { onTrial: true, patienceMs: 1 }), /its supervisor doesn't answer/);
});
