/** Two generations' supervisors on one socket, as on a machine: workers move from one to the other under load. */
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { shiftWorkers } from "../../../runtime/agent/shift.ts";
import { askSupervisor } from "../../../runtime/agent/supervisor-status.ts";
import { bindUnix, type BoundSocket } from "../../../runtime/supervisor/listen.ts";
import { asgiApp, nodeApp, type TestApp } from "../supervisor/apps.ts";
import { Host, request } from "../supervisor/host.ts";
import { manifest } from "../../support/samples.ts";
import { type FakeAgent, fakeAgent } from "./fake-agent.ts";

const WORKERS = 3;
const OLD = "0".repeat(16);
const NEW = "1".repeat(16);

function startGeneration(
  t: TestContext,
  agent: FakeAgent,
  app: TestApp,
  socket: BoundSocket,
  generation: string,
  env: NodeJS.ProcessEnv,
): Host {
  const folder = dirname(agent.paths.statusSocket("shop", generation));
  mkdirSync(folder, { recursive: true });
  return new Host(t, {
    files: app.files,
    args: [...app.args, "--workers", String(WORKERS)],
    env: { ...app.env, ...env, RUNTIME_DIRECTORY: folder },
    listen: [],
    via: socket,
  });
}

/** Asks again and again until it is told to stop; says what was lost. */
function startLoad(socketPath: string): { stop(): Promise<{ sent: number; lost: string[] }> } {
  let stopped = false;
  let sent = 0;
  const lost: string[] = [];
  const client = async (method: string): Promise<void> => {
    while (!stopped && sent < 4_000) {
      sent += 1;
      await request(new URL("http://x/"), { socketPath, agent: false, method }).then(
        ({ status }) => status === 200 || lost.push(String(status)),
        (error: NodeJS.ErrnoException) => lost.push(error.code ?? error.message),
      );
      await new Promise((resolve) => setTimeout(resolve, 8));
    }
  };
  const clients = ["GET", "POST", "GET", "POST"].map(client);
  return {
    stop: async () => {
      stopped = true;
      await Promise.all(clients);
      return { sent, lost };
    },
  };
}

for (const makeApp of [nodeApp, asgiApp]) {
  test(`${makeApp.name}: workers move one by one to the new generation and back, nothing is lost, one too many at most`, async (t) => {
    const app = await makeApp();
    const agent = fakeAgent(t);
    const socketPath = join(agent.root, "shop.sock");
    const socket = await bindUnix(socketPath);
    t.after(() => socket.close());
    const old = startGeneration(t, agent, app, socket, OLD, {});
    await old.until(/Ready: 3 of 3/);
    const load = startLoad(socketPath);
    const young = startGeneration(t, agent, app, socket, NEW, { FLEETHOST_START_WORKERS: "1" });
    await young.until(/Ready: 1 of 1/);
    const workers = async (generation: string) => (await askSupervisor(agent.paths.statusSocket("shop", generation)))?.each.length ?? 0;
    let most = 0;
    const watching = new AbortController();
    const watch = (async () => {
      while (!watching.signal.aborted) most = Math.max(most, (await workers(OLD)) + (await workers(NEW)));
    })();
    t.after(() => watching.abort());

    await shiftWorkers(agent, manifest(), OLD, NEW);
    assert.deepEqual([await workers(OLD), await workers(NEW)], [1, WORKERS]);
    await shiftWorkers(agent, manifest(), NEW, OLD);
    assert.deepEqual([await workers(OLD), await workers(NEW)], [WORKERS, 1]);
    watching.abort();
    await watch;
    young.signal("SIGTERM");
    assert.equal(await young.exited, 0);

    const { sent, lost } = await load.stop();
    assert.deepEqual(lost, []);
    assert.ok(sent > 50, `only ${sent} requests were sent`);
    assert.ok(most <= WORKERS + 1, `${most} workers at once`);
    assert.ok(
      agent.steps.some((step) => step === `shift: 3 of 3 workers are of generation ${NEW}`),
      agent.steps.join("\n"),
    );
  });
}

test("a new generation whose further workers don't boot ends the shift with its reason", async (t) => {
  const app = await nodeApp();
  const agent = fakeAgent(t);
  const socket = await bindUnix(join(agent.root, "shop.sock"));
  t.after(() => socket.close());
  const young = startGeneration(t, agent, app, socket, NEW, { FLEETHOST_START_WORKERS: "1" });
  await young.until(/Ready: 1 of 1/);
  young.write(app.module, app.broken);
  await assert.rejects(
    shiftWorkers(agent, manifest(), undefined, NEW),
    /generation 1+ of shop: Not scaled: a new worker exited with code 3 before it was ready/,
  );
});
