import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { askOne, reload } from "../../../runtime/supervisor/ask.ts";
import { serveControl } from "../../../runtime/supervisor/control-server.ts";
import { thisUser } from "../../../runtime/supervisor/control-path.ts";
import { AskedControls } from "./asked-controls.ts";
import { sampleStatus } from "./sample-status.ts";

const MAIN = fileURLToPath(new URL("../../../runtime/main.ts", import.meta.url));

interface Served {
  readonly asked: AskedControls;
  readonly folder: string;
  readonly path: string;
  /** Starts `fleethost` with these arguments, in a session of its own. */
  fleethost(...args: string[]): Running;
}

interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<{ code: number | null; out: string; err: string }>;
}

/** One supervisor of a made-up pid in a user's session. */
async function served(t: TestContext): Promise<Served> {
  const session = mkdtempSync(join(tmpdir(), "fw-ask-"));
  const folder = join(session, "fleethost");
  mkdirSync(folder, { mode: 0o700 });
  const path = join(folder, "fleethost-4000001.sock");
  const asked = new AskedControls();
  const close = await serveControl(path, asked);
  t.after(async () => {
    await close();
    rmSync(session, { recursive: true });
  });
  return { asked, folder, path, fleethost: (...args) => start(t, session, args) };
}

function start(t: TestContext, session: string, args: readonly string[]): Running {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { ...process.env, XDG_RUNTIME_DIR: session },
    stdio: ["ignore", "pipe", "pipe"],
  });
  t.after(() => child.kill("SIGKILL"));
  const text = async (stream: ChildProcess["stdout"]) => ((await stream?.setEncoding("utf8").toArray()) ?? []).join("");
  const ended = Promise.all([once(child, "close"), text(child.stdout), text(child.stderr)]).then(([[code], out, err]) => ({
    code: code as number | null,
    out,
    err,
  }));
  return { child, ended };
}

test("fleethost reload waits, prints the outcome, and exits by it", async (t) => {
  const { asked, path, fleethost } = await served(t);
  const good = fleethost("reload", "--control", path);
  await asked.untilAsked();
  assert.equal(good.child.exitCode, null);
  asked.reloads[0]?.resolve({ ok: true, text: "Reloaded: 2 of 2 workers" });
  assert.deepEqual(await good.ended, { code: 0, out: "Reloaded: 2 of 2 workers\n", err: "" });
  asked.reloads.length = 0;
  const bad = fleethost("reload", "--pid", "4000001");
  await asked.untilAsked();
  asked.reloads[0]?.resolve({ ok: false, text: "Reload failed: a new worker did not become ready" });
  assert.deepEqual(await bad.ended, { code: 1, out: "", err: "Reload failed: a new worker did not become ready\n" });
});

test("fleethost scale says what it came to", async (t) => {
  const { asked, path, fleethost } = await served(t);
  assert.deepEqual(await fleethost("scale", "3", "--control", path).ended, { code: 0, out: "3 workers are ready\n", err: "" });
  assert.deepEqual(await fleethost("scale", "9", "--control", path).ended, { code: 1, out: "", err: "At most 8 as configured\n" });
  assert.deepEqual(asked.scaledTo, [3, 9]);
  const wrong = await fleethost("scale", "none", "--control", path).ended;
  assert.equal(wrong.code, 2);
  assert.match(wrong.err, /a whole number, at least 1/);
});

test("one that waits no longer, and one that is interrupted, say that it goes on", async (t) => {
  const { asked, path, fleethost } = await served(t);
  const impatient = await fleethost("reload", "--control", path, "--timeout-ms", "100").ended;
  assert.equal(impatient.code, 5);
  assert.match(impatient.err, /within 100 ms; what was asked for goes on/);
  asked.reloads.length = 0;
  const interrupted = fleethost("reload", "--control", path);
  await asked.untilAsked();
  interrupted.child.kill("SIGINT");
  assert.deepEqual(await interrupted.ended, { code: 130, out: "", err: "Interrupted; the reload goes on: see fleethost status\n" });
});

test("a supervisor that isn't there can't be asked", async (t) => {
  const { folder, fleethost } = await served(t);
  const path = join(folder, "none.sock");
  for (const args of [["reload"], ["scale", "2"], ["status"]]) {
    assert.deepEqual(await fleethost(...args, "--control", path).ended, { code: 1, out: "", err: `No supervisor listens on ${path}\n` });
  }
  const wrongPid = await fleethost("reload", "--pid", "4000002").ended;
  assert.equal(wrongPid.code, 2);
  assert.match(wrongPid.err, /No supervisor has pid 4000002; there are:\n(.*\n)*.*--pid 4000001/);
});

test("without being told which, the only supervisor is asked; none or several are told, and nobody is asked", async (t) => {
  const { asked, folder } = await served(t);
  const said: string[] = [];
  const ask = (folders: readonly string[]) =>
    askOne({}, reload(5_000), folders, thisUser(), { out: (text) => said.push(text), err: (text) => said.push(text) });
  const only = ask([folder]);
  await asked.untilAsked();
  asked.reloads[0]?.resolve({ ok: true, text: "Reloaded" });
  assert.equal(await only, 0);
  assert.equal(await ask([join(folder, "none")]), 2);
  const close = await serveControl(join(folder, "fleethost-4000002.sock"), new AskedControls());
  t.after(close);
  assert.equal(await ask([folder]), 2);
  assert.match(said.join(""), /^Reloaded\nNo supervisor of this user was found .*\nSeveral supervisors run.*\n.*4000001.*\n.*4000002.*\n$/);
  assert.equal(asked.reloads.length, 1);
});

test("fleethost status shows a supervisor to people and to programs", async (t) => {
  const { path, fleethost } = await served(t);
  const { code, out } = await fleethost("status", "--control", path).ended;
  assert.equal(code, 0);
  assert.match(out, /^fleethost 100: reloading on http:\/\/127\.0\.0\.1:8000/);
  const json = await fleethost("status", "--control", path, "--json").ended;
  assert.deepEqual(JSON.parse(json.out), { schema: 1, apps: [], supervisors: [{ path, pid: 100, status: sampleStatus() }] });
});
