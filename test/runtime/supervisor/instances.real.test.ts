import assert from "node:assert/strict";
import { chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { serveControl } from "../../../runtime/supervisor/control-server.ts";
import { controlFolders, controlPath, isTrusted, makeControlFolder, thisUser } from "../../../runtime/supervisor/control-path.ts";
import { findInstances } from "../../../runtime/supervisor/instances.ts";
import { openControl } from "../../../runtime/supervisor/open-control.ts";
import { AskedControls, leaveStaleSocket } from "./asked-controls.ts";

function temporary(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "fw-inst-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A pid that no process has. */
const NO_PID = 2 ** 22 + 1;
const user = thisUser();

test("the control socket is in systemd's folder, else the session's, else root's, else one of the user's in /tmp", () => {
  assert.equal(controlPath({ RUNTIME_DIRECTORY: "/run/a:/run/b", XDG_RUNTIME_DIR: "/run/user/7" }, 5, 7), "/run/a/status.sock");
  assert.equal(controlPath({ XDG_RUNTIME_DIR: "/run/user/7" }, 5, 7), "/run/user/7/fleethost/fleethost-5.sock");
  assert.equal(controlPath({ XDG_RUNTIME_DIR: "" }, 5, 0), "/run/fleethost/fleethost-5.sock");
  assert.equal(controlPath({ RUNTIME_DIRECTORY: "" }, 5, 7), "/tmp/fleethost-7/fleethost-5.sock");
});

test("one looks wherever the user's supervisors may have been started", () => {
  assert.deepEqual(controlFolders({ env: {}, uid: 7 }), ["/tmp/fleethost-7", "/run/user/7/fleethost"]);
  assert.deepEqual(controlFolders({ env: { XDG_RUNTIME_DIR: "/x" }, uid: 0 }), [
    "/x/fleethost",
    "/run/user/0/fleethost",
    "/run/fleethost",
    "/tmp/fleethost-0",
  ]);
});

test("the folder is made for the user alone, and another's is not trusted", (t) => {
  const folder = join(temporary(t), "fleethost");
  makeControlFolder(join(folder, "x.sock"), user.uid);
  assert.equal(lstatSync(folder).mode & 0o777, 0o700);
  makeControlFolder(join(folder, "x.sock"), user.uid);
  assert.throws(() => makeControlFolder(join(folder, "x.sock"), user.uid + 1), /not a folder that only this user can write to/);
  chmodSync(folder, 0o777);
  assert.throws(() => makeControlFolder(join(folder, "x.sock"), user.uid), /choose a socket with --control/);
  chmodSync(folder, 0o700);
  symlinkSync(folder, `${folder}-link`);
  assert.equal(isTrusted(`${folder}-link`, user.uid), false);
  assert.throws(() => makeControlFolder("/proc/none/x.sock", user.uid), /cannot make the folder/);
});

test("supervisors are found by their sockets; stale ones are removed, and foreign folders not looked into", async (t) => {
  const [folder, foreign] = [temporary(t), temporary(t)];
  const close = await serveControl(join(folder, "fleethost-200.sock"), new AskedControls());
  const closeForeign = await serveControl(join(foreign, "fleethost-300.sock"), new AskedControls());
  t.after(() => Promise.all([close(), closeForeign()]));
  chmodSync(foreign, 0o777);
  const stale = join(folder, `fleethost-${NO_PID}.sock`);
  await leaveStaleSocket(stale);
  const starting = join(folder, `fleethost-${process.pid}.sock`);
  await leaveStaleSocket(starting);
  mkdirSync(join(folder, "fleethost-x.sock"));
  const found = await findInstances(user, [folder, foreign, join(folder, "none")]);
  assert.deepEqual(
    found.map(({ pid, status }) => [pid, status?.pid]),
    [[200, 100]],
  );
  assert.equal(existsSync(stale), false);
  assert.ok(existsSync(starting), "its process lives, and may be about to listen");
});

test("a supervisor that does not answer is told, not left out", { timeout: 10_000 }, async (t) => {
  const folder = temporary(t);
  const stuck = net.createServer(() => {}).listen(join(folder, "fleethost-200.sock"));
  t.after(() => stuck.close());
  const [found] = await findInstances(user, [folder]);
  assert.equal(found?.status, null);
  assert.match(found?.status === null ? found.why : "", /within 2000 ms/);
});

test("a control socket that was asked for is a must, the usual one is not", async (t) => {
  const folder = temporary(t);
  const warnings: string[] = [];
  const open = (env: NodeJS.ProcessEnv, path?: string) =>
    openControl({ env, uid: user.uid, pid: 9, path }, new AskedControls(), (level, text) => warnings.push(`${level}: ${text}`));
  const usual = await open({ XDG_RUNTIME_DIR: folder });
  assert.ok(lstatSync(join(folder, "fleethost", "fleethost-9.sock")).isSocket());
  await usual.close();
  assert.deepEqual(warnings, []);
  assert.equal((await open({ XDG_RUNTIME_DIR: "/proc/none" })).path, null);
  assert.match(warnings.join(), /^warning: No control socket, .*cannot make the folder \/proc\/none\/fleethost/);
  await assert.rejects(open({ RUNTIME_DIRECTORY: "/proc/none" }), /cannot make the control socket/);
  await assert.rejects(open({}, join(folder, "none", "x.sock")), /cannot make the control socket/);
});
