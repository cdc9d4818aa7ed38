import assert from "node:assert/strict";
import { readdirSync, readlinkSync } from "node:fs";
import { Agent } from "node:http";
import { describe, type TestContext, test } from "node:test";
import { asgiApp, nodeApp, type TestApp } from "./apps.ts";
import { Host, isAlive } from "./host.ts";
import { Load } from "./load.ts";

function start(t: TestContext, app: TestApp, args: readonly string[] = [], workers = 2): Host {
  return new Host(t, { files: app.files, env: app.env, args: [...app.args, "--workers", String(workers), ...args] });
}

const pidOf = (body: string): number => (JSON.parse(body) as { pid: number }).pid;

for (const makeApp of [nodeApp, asgiApp]) {
  describe(`fleethost run with workers of ${makeApp.name}`, () => {
    test("prints its own pid and those of as many workers as wanted; they are the ones that answer", async (t) => {
      const host = start(t, await makeApp());
      await host.until(/Ready: 2 of 2/);
      assert.match(host.output, new RegExp(`Started parent process \\[${host.pid}\\]`));
      assert.equal(host.workerPids.length, 2);
      assert.ok(host.workerPids.includes(pidOf((await host.get("/")).body)));
      assert.deepEqual((await host.status()).workers, { target: 2, wanted: 2, ready: 2, pids: host.workerPids });
    });

    test("the app's extra socket answers, as the status socket does, and both are gone after the stop", async (t) => {
      const host = start(t, await makeApp());
      await host.until(/Ready/);
      assert.ok(host.workerPids.includes(pidOf((await host.ask("direct.sock", "/")).body)));
      host.signal("SIGTERM");
      assert.equal(await host.exited, 0);
      assert.deepEqual(
        readdirSync(host.folder).filter((name) => name.endsWith(".sock")),
        [],
      );
    });

    test("a killed worker is replaced once", async (t) => {
      const host = start(t, await makeApp());
      await host.until(/Ready/);
      process.kill(host.workerPids[0] as number, "SIGKILL");
      await host.eventually("a third worker is ready", async () => (await host.status()).workers.pids.includes(host.workerPids[2] ?? -1));
      assert.equal(host.workerPids.length, 3);
      assert.ok(!host.output.includes("next worker in"), "it waited for nothing");
    });

    test("TERM lets a slow request end, and tells its client to close", async (t) => {
      const host = start(t, await makeApp());
      await host.until(/Ready/);
      const slow = host.get("/slow?ms=700");
      await isBusy(host);
      host.signal("SIGTERM");
      const answer = await slow;
      assert.equal(answer.status, 200);
      assert.equal(answer.headers.connection, "close");
      assert.equal(await host.exited, 0);
      assert.deepEqual(host.workerPids.filter(isAlive), []);
    });

    test("a kept connection that is idle when TERM comes may ask once more, and is told to close", async (t) => {
      const host = start(t, await makeApp(), [], 1);
      await host.until(/Ready/);
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      t.after(() => agent.destroy());
      assert.notEqual((await host.get("/", { agent })).headers.connection, "close");
      const [worker = 0] = host.workerPids;
      host.signal("SIGTERM");
      await host.eventually("it stopped accepting", () => sharedSockets(host.pid, worker).length === 0);
      const last = await host.get("/", { agent });
      assert.deepEqual([last.status, last.headers.connection], [200, "close"]);
      assert.equal(await host.exited, 0);
    });

    test("a second TERM does not wait for a slow request", async (t) => {
      const host = start(t, await makeApp());
      await host.until(/Ready/);
      const slow = host.get("/slow?ms=20000").catch((error: Error) => error);
      await isBusy(host);
      host.signal("SIGTERM");
      await host.until(/Stopping: /);
      host.signal("SIGTERM");
      assert.equal(await host.exited, 0);
      assert.ok((await slow) instanceof Error);
      assert.deepEqual(host.workerPids.filter(isAlive), []);
    });

    test("a request that outlasts the drain deadline does not hold the stop up", async (t) => {
      const host = start(t, await makeApp(), ["--drain-timeout-ms", "500"]);
      await host.until(/Ready/);
      const slow = host.get("/slow?ms=20000").catch((error: Error) => error);
      await isBusy(host);
      host.signal("SIGTERM");
      assert.equal(await host.exited, 0);
      await slow;
    });

    test("HUP under load loses nothing, on fresh and on kept connections, and every worker is new", async (t) => {
      const host = start(t, await makeApp());
      await host.until(/Ready/);
      const descriptors = readdirSync(`/proc/${host.pid}/fd`).length;
      const load = new Load(host.url, 4_000);
      for (let reloads = 1; reloads <= 2; reloads++) {
        host.signal("SIGHUP");
        await host.eventually("it has reloaded", () => host.output.split("Reloaded: 2 of 2").length > reloads);
      }
      const { sent, lost } = await load.stop();
      assert.deepEqual(lost, []);
      assert.ok(sent > 100, `only ${sent} requests were sent`);
      assert.deepEqual((await host.status()).workers.pids, host.workerPids.slice(4));
      assert.equal(host.workerPids.length, 6);
      await host.eventually("no descriptor has leaked", () => readdirSync(`/proc/${host.pid}/fd`).length <= descriptors);
    });

    test("HUP with code that fails at import leaves the old workers at work", async (t) => {
      const app = await makeApp();
      const host = start(t, app);
      await host.until(/Ready/);
      host.write(app.module, app.broken);
      host.signal("SIGHUP");
      await host.until(/Reload failed/);
      assert.equal((await host.get("/")).status, 200);
      assert.deepEqual((await host.status()).workers.pids, host.workerPids.slice(0, 2));
      assert.equal(host.workerPids.length, 3);
    });

    test("an app that fails at import: exit code 3 with its last lines, and no survivors", async (t) => {
      const app = await makeApp();
      const host = start(t, { ...app, files: { ...app.files, [app.module]: app.broken } });
      assert.equal(await host.exited, 3);
      assert.match(host.output, /No worker became ready: [^]*\| .*the table of prices is missing/);
      assert.deepEqual(host.workerPids.filter(isAlive), []);
      assert.ok(host.workerPids.length <= 4, `${host.workerPids.length} boots`);
    });

    test("the parent killed by SIGKILL: no worker survives, not even a blocked one, and the port is free again", async (t) => {
      const app = await makeApp();
      const host = start(t, app);
      await host.until(/Ready/);
      const blocked = host.get("/block?ms=20000").catch((error: Error) => error);
      await isBusy(host);
      host.signal("SIGKILL");
      await host.exited;
      await host.eventually("all workers are gone", () => !host.workerPids.some(isAlive), 5_000);
      await blocked;
      const next = new Host(t, { files: app.files, env: app.env, args: app.args, listen: ["--port", new URL(host.url).port] });
      await next.until(/Ready/);
      assert.equal((await next.get("/")).status, 200);
    });

    test("a worker whose loop is blocked is killed and replaced; one that is slow, but alive, is not", async (t) => {
      const host = start(t, await makeApp(), ["--liveness-timeout-ms", "1000"]);
      await host.until(/Ready/);
      assert.equal((await host.get("/slow?ms=2500")).status, 200);
      assert.equal((await host.get("/block?ms=600")).status, 200);
      assert.equal(host.workerPids.length, 2);
      await assert.rejects(host.get("/block?ms=20000"));
      await host.until(/event loop was silent for more than 1000 ms/);
      await host.eventually("a third worker is ready", async () => (await host.status()).workers.pids.includes(host.workerPids[2] ?? -1));
    });

    test("systemd's variables and the supervisor's descriptors stay out of the app", async (t) => {
      const app = await makeApp();
      const systemd = { LISTEN_PID: "1", LISTEN_FDS: "1", WATCHDOG_PID: "1", WATCHDOG_USEC: "1000000" };
      const host = start(t, { ...app, env: { ...app.env, ...systemd } });
      await host.until(/Ready/);
      const { env } = JSON.parse((await host.get("/env")).body) as { env: Record<string, string> };
      assert.deepEqual(
        Object.keys(systemd).filter((name) => name in env),
        [],
      );
      assert.equal(sharedSockets(host.pid, host.workerPids[1] as number).length, 2, "only the two that it listens on");
    });
  });
}

/** The sockets and pipes that a process holds, as the kernel names them. */
const socketsOf = (pid: number): string[] =>
  readdirSync(`/proc/${pid}/fd`)
    .map((fd) => linkOf(`/proc/${pid}/fd/${fd}`))
    .filter((name) => /^(socket|pipe):/.test(name));

/** What two processes hold both, apart from what this test's process passed on to them. */
function sharedSockets(one: number, other: number): string[] {
  const [ones, inherited] = [socketsOf(one), socketsOf(process.pid)];
  return socketsOf(other).filter((name) => ones.includes(name) && !inherited.includes(name));
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "closed meanwhile";
  }
}

/** The app tells that it has begun with a request. */
const isBusy = (host: Host): Promise<void> => host.until(/^\[\d\] took \//m);
