import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { bindUnix, type BoundSocket } from "../../../../runtime/supervisor/listen.ts";
import { kinds, nodeApp, slowToBoot, start, withModule } from "../apps.ts";
import { type Host, pause, request } from "../host.ts";
import { killIfThere } from "../proc.ts";
import { SystemdEar } from "../systemd-ear.ts";

/** A third of it passes between two pings. */
const WATCHDOG_MS = 600;

async function heardHost(t: TestContext, env: NodeJS.ProcessEnv = {}, app = nodeApp()): Promise<{ host: Host; ear: SystemdEar }> {
  const ear = await SystemdEar.of(t);
  return { host: start(t, await app, [], { env: { ...env, NOTIFY_SOCKET: ear.path } }), ear };
}

const watchdog = { WATCHDOG_USEC: String(WATCHDOG_MS * 1_000) };

describe("11. systemd: READY, RELOADING, STOPPING, STATUS, the watchdog, and its sockets", () => {
  for (const { name, makeApp } of kinds) {
    test(`READY when all are ready, RELOADING with the monotonic time, READY again, STOPPING; always with a STATUS (${name})`, async (t) => {
      const { host, ear } = await heardHost(t, {}, makeApp());
      await host.until(/Ready/);
      await host.reload();
      host.signal("SIGTERM");
      assert.equal(await host.exited, 0);
      await host.eventually("all four were heard", () => ear.said.length === 4);
      const [ready = "", reloading = "", again = "", stopping = ""] = ear.said;
      assert.match(ready, /^READY=1 STATUS=Ready: 2 of 2 workers on /);
      const usec = Number(/^RELOADING=1 MONOTONIC_USEC=(\d+) STATUS=Reloading$/.exec(reloading)?.[1]);
      const heardMs = ear.heard.find(({ text }) => text === reloading)?.atMs ?? 0;
      assert.ok(heardMs - usec / 1000 >= 0 && heardMs - usec / 1000 < 5_000, "it is CLOCK_MONOTONIC, as it was when the reload began");
      assert.match(again, /^READY=1 STATUS=Reloaded: 2 of 2 workers$/);
      assert.match(stopping, /^STOPPING=1 STATUS=Stopping/);
    });
  }

  test("READY does not come before the last of them is ready", async (t) => {
    const app = await nodeApp();
    const secondIsSlow = `if (process.env.FLEETWRIGHT_SLOT === "2") await new Promise((resolve) => setTimeout(resolve, 1500));\n`;
    const { host, ear } = await heardHost(t, {}, Promise.resolve(withModule(app, secondIsSlow + app.files[app.module])));
    await host.eventually("both were started", () => host.workerPids.length === 2);
    await host.eventually("one is ready", async () => (await host.status()).workers.ready === 1);
    assert.deepEqual(ear.said, []);
    await host.eventually("READY was heard", () => ear.said.length === 1);
    assert.equal((await host.status()).workers.ready, 2);
  });

  test("a reload that fails ends with READY as well, and its STATUS says so", async (t) => {
    const app = await nodeApp();
    const { host, ear } = await heardHost(t);
    await host.until(/Ready/);
    host.write(app.module, app.broken);
    host.signal("SIGHUP");
    await host.eventually("three were heard", () => ear.said.length === 3);
    assert.match(ear.said[2] ?? "", /^READY=1 STATUS=Reload failed, the workers that are ready go on/);
  });

  test("the watchdog is pinged while the supervisor and a worker live; a supervisor that is stuck says nothing", async (t) => {
    const { host, ear } = await heardHost(t, watchdog);
    await host.until(/Ready/);
    await host.eventually("three pings were heard", () => ear.pings >= 3);
    host.signal("SIGSTOP");
    // One may be on its way, in a process of its own.
    await pause(WATCHDOG_MS / 2);
    const before = ear.pings;
    await pause(WATCHDOG_MS * 2);
    assert.equal(ear.pings, before);
    host.signal("SIGCONT");
    await host.eventually("they go on", () => ear.pings > before + 1);
  });

  test("the watchdog is not pinged while no worker lives", async (t) => {
    const app = await nodeApp();
    const { host, ear } = await heardHost(t, watchdog);
    await host.until(/Ready/);
    host.write(app.module, app.broken);
    for (const pid of host.workerPids) killIfThere(pid);
    await host.eventually("both wait long for their next", () => [...host.output.matchAll(/next worker in (\d{4,}) ms/g)].length >= 2);
    await pause(300);
    const before = ear.pings;
    await pause(WATCHDOG_MS);
    assert.equal(ear.pings, before);
  });

  test("a slow boot and a slow stop are no reason for silence", async (t) => {
    const app = slowToBoot(await nodeApp(), 1_500);
    const { host, ear } = await heardHost(t, watchdog, Promise.resolve(app));
    await host.eventually("it is pinged before anybody is ready", () => ear.pings >= 3);
    assert.deepEqual(ear.said, []);
    await host.until(/Ready/);
    const slow = host.get("/slow?ms=1500");
    await host.until(/took/);
    host.signal("SIGTERM");
    await host.eventually("STOPPING was heard", () => ear.said.at(-1)?.startsWith("STOPPING=1") === true);
    const before = ear.pings;
    assert.equal((await slow).status, 200);
    await host.exited;
    assert.ok(ear.pings > before + 2);
  });

  test("WATCHDOG_PID of another process: no ping; no NOTIFY_SOCKET: nothing at all", async (t) => {
    const { host, ear } = await heardHost(t, { ...watchdog, WATCHDOG_PID: "1" });
    await host.until(/Ready/);
    await pause(WATCHDOG_MS);
    assert.equal(ear.pings, 0);
    const silent = start(t, await nodeApp(), [], { env: { NOTIFY_SOCKET: undefined, ...watchdog } });
    await silent.until(/Ready/);
    await pause(WATCHDOG_MS);
    assert.doesNotMatch(silent.output, /systemd-notify/);
  });

  test("its socket is used, and keeps the queue from one supervisor to the next", async (t) => {
    const { socket, path } = await socketFor(t);
    const ask = () => request(new URL("http://x/"), { socketPath: path, agent: false });
    const app = await nodeApp();
    const first = start(t, app, [], { via: socket });
    await first.until(/Ready: .* on the socket of systemd/);
    assert.equal((await ask()).status, 200);
    first.signal("SIGTERM");
    assert.equal(await first.exited, 0);
    assert.ok(existsSync(path), "the file is systemd's");
    const waiting = ask();
    const second = start(t, app, [], { via: socket });
    await second.until(/Ready/);
    assert.equal((await waiting).status, 200);
  });

  test("LISTEN_PID of another process: descriptor 3 is somebody else's, and not touched", async (t) => {
    const { socket } = await socketFor(t);
    const host = start(t, await nodeApp(), [], { passed: socket, env: { LISTEN_FDS: "1", LISTEN_PID: "1" } });
    await host.until(/Ready: .* on http:/);
    assert.equal((await host.get("/")).status, 200);
  });
});

async function socketFor(t: TestContext): Promise<{ socket: BoundSocket; path: string }> {
  const folder = mkdtempSync(join(tmpdir(), "fw-socket-"));
  const path = join(folder, "web.sock");
  const socket = await bindUnix(path);
  t.after(() => {
    socket.close();
    rmSync(folder, { recursive: true });
  });
  return { socket, path };
}
