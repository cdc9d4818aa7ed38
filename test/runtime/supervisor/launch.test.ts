import assert from "node:assert/strict";
import { test } from "node:test";
import { type LaunchTools, type WorkerSpec, workerLaunch } from "../../../runtime/supervisor/launch.ts";
import type { RunFlags } from "../../../runtime/supervisor/flags.ts";
import { compileOptions } from "../../../runtime/supervisor/options.ts";

const tools: LaunchTools = {
  node: "/rt/node",
  nodeShim: "/rt/node-worker.mjs",
  asgiShim: "/rt/asgi_worker.py",
  setpriv: "/usr/bin/setpriv",
};
const flags = ["--slot=2", "--beat-ms=5000", "--drain-ms=30000"];

const spec: WorkerSpec = {
  slot: 2,
  code: { appDir: "/srv/app", pythonPath: ["/srv/app"] },
  address: null,
  maxRequests: null,
  hasDirect: true,
};

const launch = (run: RunFlags, env: NodeJS.ProcessEnv = {}, changed: Partial<WorkerSpec> = {}, with_: LaunchTools = tools) =>
  workerLaunch(compileOptions(run, "/srv/app"), { ...spec, ...changed }, with_, env);

test("an ASGI worker's command line", () => {
  const { file, args, cwd } = launch({ asgi: "main:app" });
  assert.equal(file, "/usr/bin/setpriv");
  assert.deepEqual(args, ["--pdeathsig", "KILL", "python3", "-P", "/rt/asgi_worker.py", ...flags, "--direct", "main:app"]);
  assert.equal(cwd, "/srv/app");
});

test("a Node worker's command line, where there is no setpriv and no second socket", () => {
  const { file, args } = launch({ node: "server.ts" }, {}, { hasDirect: false }, { ...tools, setpriv: null });
  assert.equal(file, "/rt/node");
  assert.deepEqual(args, ["/rt/node-worker.mjs", ...flags, "server.ts"]);
});

test("what systemd gave the supervisor stays with it; the rest is passed on", () => {
  const own = { NOTIFY_SOCKET: "/n", LISTEN_FDS: "1", LISTEN_PID: "1", LISTEN_FDNAMES: "x", WATCHDOG_USEC: "1", WATCHDOG_PID: "1" };
  assert.deepEqual(launch({ node: "server.ts" }, { ...own, SECRET: "s" }).env, { SECRET: "s", FLEETWRIGHT_SLOT: "2" });
});

test("the app's folder comes before the caller's PYTHONPATH, and output is not held back", () => {
  const { env } = launch({ asgi: "main:app" }, { PYTHONPATH: "/mine" });
  assert.deepEqual(env, { PYTHONUNBUFFERED: "1", PYTHONPATH: "/srv/app:/mine", FLEETWRIGHT_SLOT: "2" });
});

test("a limit of requests, the access log and WSGI are the shim's business", () => {
  const { args } = launch({ wsgi: "main:app", accessLog: true }, {}, { maxRequests: 70, hasDirect: false });
  assert.deepEqual(args.slice(5), [...flags, "--max-requests=70", "--access-log", "--wsgi", "main:app"]);
});

const command = (...argv: string[]): RunFlags => ({ command: argv });
const noSetpriv = { ...tools, setpriv: null };

test("a command on the shared socket gets it as a descriptor, and as systemd would pass it, with its own pid", () => {
  const { file, args, env, descriptors } = launch(command("serve", "--fd={fd}", "--id", "{slot}"), { PORT: "1" }, {}, noSetpriv);
  assert.deepEqual([file, ...args], ["/bin/sh", "-c", 'LISTEN_PID=$$ exec "$@"', "sh", "serve", "--fd=3", "--id", "2"]);
  assert.deepEqual([env.LISTEN_FDS, env.PORT, descriptors], ["1", "1", "socket"]);
});

test("a command with a port of its own: in its arguments and in PORT", () => {
  const { file, args, env, descriptors } = launch(command("serve", ":{port}"), {}, { address: { kind: "port", port: 20_003 } }, noSetpriv);
  assert.deepEqual([file, ...args], ["serve", ":20003"]);
  assert.deepEqual([env.PORT, descriptors], ["20003", "none"]);
});

test("a command with a unix socket of its own", () => {
  const { args, env } = launch(command("serve", "unix:{socket}"), {}, { address: { kind: "socket", path: "/s/3.sock" } }, noSetpriv);
  assert.deepEqual([args, env.SOCKET], [["unix:/s/3.sock"], "/s/3.sock"]);
});

test("braces that are no placeholder stay as they are", () => {
  assert.deepEqual(launch(command("sh", "-c", "echo ${HOME} {x}"), {}, {}, noSetpriv).args, ["-c", "echo ${HOME} {x}"]);
});

test("a secret is in the worker's environment, and in nothing else of its start", () => {
  const options = { ...compileOptions({ node: "server.ts" }, "/srv/app"), secretEnvironment: { DB: "hush", FLEETWRIGHT_SLOT: "9" } };
  const { env, file, args } = workerLaunch(options, spec, tools, { DB: "plain" });
  assert.deepEqual(env, { DB: "hush", FLEETWRIGHT_SLOT: "2" });
  assert.doesNotMatch([file, ...args].join(" "), /hush/);
});
