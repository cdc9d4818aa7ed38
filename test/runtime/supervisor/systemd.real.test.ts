import assert from "node:assert/strict";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Manifest } from "../../../runtime/manifest.ts";
import { manifest } from "../../support/samples.ts";
import { bindUnix } from "../../../runtime/supervisor/listen.ts";
import { nodeApp } from "./apps.ts";
import { Host, isAlive, request } from "./host.ts";

/** Stands in for systemd's own tool: writes down what it is told, if it could be told to anybody. */
const FAKE_NOTIFY = `#!/bin/sh
[ -n "$NOTIFY_SOCKET" ] && echo "$*" >> "$NOTIFY_SOCKET"
`;

async function notifyingHost(t: TestContext, env: NodeJS.ProcessEnv = {}): Promise<Host> {
  const app = await nodeApp();
  const files = { ...app.files, "systemd-notify": FAKE_NOTIFY, notified: "" };
  // The tool's mode is set before a worker can be ready, and so before it is called.
  const host = new Host(t, {
    files,
    args: [...app.args, "--workers", "1"],
    env: { ...env, NOTIFY_SOCKET: "notified", PATH: `.:${process.env.PATH}` },
  });
  chmodSync(join(host.folder, "systemd-notify"), 0o755);
  return host;
}

test("systemd is told READY, RELOADING with the monotonic time, READY again, and STOPPING", async (t) => {
  const host = await notifyingHost(t);
  await host.until(/Ready/);
  host.signal("SIGHUP");
  await host.until(/Reloaded/);
  host.signal("SIGTERM");
  assert.equal(await host.exited, 0);
  const lines = host.read("notified").trim().split("\n");
  assert.equal(lines.length, 4, lines.join("\n"));
  assert.match(lines[0] ?? "", /^READY=1 STATUS=Ready: 1 of 1 worker /);
  const reloading = /^RELOADING=1 MONOTONIC_USEC=(\d+) /.exec(lines[1] ?? "");
  const nowUsec = Number(process.hrtime.bigint() / 1000n);
  assert.ok(Math.abs(nowUsec - Number(reloading?.[1])) < 60_000_000, "the clock is CLOCK_MONOTONIC");
  assert.match(lines[2] ?? "", /^READY=1 STATUS=Reloaded/);
  assert.match(lines[3] ?? "", /^STOPPING=1 /);
});

test("the watchdog is pinged while workers live", async (t) => {
  const host = await notifyingHost(t, { WATCHDOG_USEC: "300000" });
  await host.eventually("two pings came", () => host.read("notified").split("WATCHDOG=1").length > 2);
});

test("without NOTIFY_SOCKET nobody is told anything", async (t) => {
  const app = await nodeApp();
  const files = { ...app.files, "systemd-notify": "#!/bin/sh\ntouch told\n" };
  const host = new Host(t, { files, args: app.args, env: { NOTIFY_SOCKET: undefined, PATH: `.:${process.env.PATH}` } });
  chmodSync(join(host.folder, "systemd-notify"), 0o755);
  await host.until(/Ready/);
  host.signal("SIGTERM");
  await host.exited;
  assert.ok(!existsSync(join(host.folder, "told")));
});

test("a socket that systemd passes is used, and keeps its queue from one supervisor to the next", async (t) => {
  const app = await nodeApp();
  const folder = mkdtempSync(join(tmpdir(), "fw-socket-"));
  const socketPath = join(folder, "web.sock");
  const socket = await bindUnix(socketPath);
  t.after(() => {
    socket.close();
    rmSync(folder, { recursive: true });
  });
  const ask = () => request(new URL("http://x/"), { socketPath, agent: false });
  const first = new Host(t, { files: app.files, args: app.args, via: socket });
  await first.until(/Ready: .* on the socket of systemd/);
  assert.equal((await ask()).status, 200);
  first.signal("SIGTERM");
  assert.equal(await first.exited, 0);
  const waiting = ask();
  const second = new Host(t, { files: app.files, args: app.args, via: socket });
  await second.until(/Ready/);
  assert.equal((await waiting).status, 200);
});

function manifestFor(process: Partial<Manifest["app"]["processes"][0]>): Manifest {
  const sample = manifest();
  const [web] = sample.app.processes;
  const quick = { command: { kind: "node", module: "server.ts" }, workers: { count: 1, perCore: 1 }, bootTimeoutMs: 20_000, livenessTimeoutMs: 20_000, drainTimeoutMs: 5_000 } as const;
  return { ...sample, app: { ...sample.app, processes: [{ ...web, ...quick, ...process }] } };
}

test("a generation's workers and their replacements run its release, wherever the link points by then", async (t) => {
  const host = new Host(t, { files: {}, args: ["--generation", "generation"], appDir: false, before: (folder) => makeGeneration(folder) });
  await host.until(/Ready/);
  assert.equal((await host.get("/")).body, "first");
  symlinkSync(join(host.folder, "second"), join(host.folder, "new-link"));
  renameSync(join(host.folder, "new-link"), join(host.folder, "generation", "release"));
  host.signal("SIGHUP");
  await host.until(/Reloaded/);
  assert.equal((await host.get("/")).body, "first");
});

function makeGeneration(folder: string): void {
  for (const release of ["first", "second"]) {
    mkdirSync(join(folder, release, "app"), { recursive: true });
    writeFileSync(join(folder, release, "app", "server.ts"), `export default (_: unknown, response: any) => response.end("${release}");\n`);
  }
  mkdirSync(join(folder, "generation"));
  writeFileSync(join(folder, "generation", "manifest.json"), JSON.stringify(manifestFor({})));
  symlinkSync(join(folder, "first"), join(folder, "generation", "release"));
}

test("a unix socket left over by a killed supervisor is taken over; one in use is not", async (t) => {
  const app = await nodeApp();
  const first = new Host(t, { files: app.files, args: app.args, listen: ["--socket", "web.sock"] });
  await first.until(/Ready/);
  const socket = realpathSync(join(first.folder, "web.sock"));
  const second = new Host(t, { files: app.files, args: app.args, listen: ["--socket", socket] });
  assert.equal(await second.exited, 1);
  assert.match(second.output, /^ERROR: +cannot listen on \S+web\.sock: something else listens there \(EADDRINUSE\)\n$/);
  first.signal("SIGKILL");
  await first.exited;
  await first.eventually("its workers are gone", () => !first.workerPids.some(isAlive));
  const third = new Host(t, { files: app.files, args: app.args, listen: ["--socket", socket] });
  await third.until(/Ready/);
  assert.equal((await request(new URL("http://x/"), { socketPath: socket, agent: false })).status, 200);
});

test("a port that is taken: one line, exit code 1, nothing started", async (t) => {
  const app = await nodeApp();
  const server = net.createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => server.close());
  const { port } = server.address() as net.AddressInfo;
  const host = new Host(t, { files: app.files, args: app.args, listen: ["--port", String(port)] });
  assert.equal(await host.exited, 1);
  assert.match(host.output, /^ERROR: +cannot listen on 127\.0\.0\.1:\d+: something else listens there \(EADDRINUSE\)\n$/);
});

test("an interpreter that isn't there: exit code 3, and it says so", async (t) => {
  const host = new Host(t, { files: {}, args: ["--asgi", "main:app", "--python", "python-of-nobody"] });
  assert.equal(await host.exited, 3);
  assert.match(host.output, /python-of-nobody/);
});
