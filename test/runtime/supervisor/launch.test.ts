import assert from "node:assert/strict";
import { test } from "node:test";
import { type LaunchTools, workerLaunch } from "../../../runtime/supervisor/launch.ts";
import { compileOptions, type RunFlags } from "../../../runtime/supervisor/options.ts";

const tools: LaunchTools = {
  node: "/rt/node",
  nodeShim: "/rt/node-worker.mjs",
  asgiShim: "/rt/asgi_worker.py",
  setpriv: "/usr/bin/setpriv",
};
const flags = ["--slot=2", "--beat-ms=5000", "--drain-ms=30000"];

const launch = (run: RunFlags, env: NodeJS.ProcessEnv = {}, hasDirect = true, with_: LaunchTools = tools) =>
  workerLaunch(compileOptions(run, "/srv/app"), 2, hasDirect, with_, env);

test("an ASGI worker's command line", () => {
  const { file, args, cwd } = launch({ asgi: "main:app" });
  assert.equal(file, "/usr/bin/setpriv");
  assert.deepEqual(args, ["--pdeathsig", "KILL", "python3", "-P", "/rt/asgi_worker.py", ...flags, "--direct", "main:app"]);
  assert.equal(cwd, "/srv/app");
});

test("a Node worker's command line, where there is no setpriv and no second socket", () => {
  const { file, args } = launch({ node: "server.ts" }, {}, false, { ...tools, setpriv: null });
  assert.equal(file, "/rt/node");
  assert.deepEqual(args, ["/rt/node-worker.mjs", ...flags, "server.ts"]);
});

test("what systemd gave the supervisor stays with it; the rest is passed on", () => {
  const own = { NOTIFY_SOCKET: "/n", LISTEN_FDS: "1", LISTEN_PID: "1", LISTEN_FDNAMES: "x", WATCHDOG_USEC: "1", WATCHDOG_PID: "1" };
  assert.deepEqual(launch({ node: "server.ts" }, { ...own, SECRET: "s" }).env, { SECRET: "s" });
});

test("the app's folder comes before the caller's PYTHONPATH, and output is not held back", () => {
  const { env } = launch({ asgi: "main:app" }, { PYTHONPATH: "/mine" });
  assert.deepEqual(env, { PYTHONUNBUFFERED: "1", PYTHONPATH: "/srv/app:/mine" });
});
