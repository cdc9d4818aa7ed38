import assert from "node:assert/strict";
import { test } from "node:test";
import { Rig } from "./rig.ts";

test("a TERM drains all workers at once, and the exit code is 0 when the last one has ended", async () => {
  const rig = new Rig(3);
  await rig.allReady();
  await rig.ask("stop");
  assert.deepEqual(rig.terminated, [1, 2, 3]);
  for (const number of [1, 2, 3]) await rig.ends(number, { code: 0, signal: null });
  assert.equal(await rig.exit, 0);
  assert.equal(rig.started, 3, "nobody is replaced while stopping");
});

test("a second TERM kills what still drains", async () => {
  const rig = new Rig(2);
  await rig.allReady();
  await rig.ask("stop");
  await rig.ends(1, { code: 0, signal: null });
  await rig.ask("stop");
  assert.deepEqual(rig.killed, [2]);
  await rig.ends(2, { code: null, signal: "SIGKILL" });
  assert.equal(await rig.exit, 0);
});

test("a worker that ignores TERM is killed at its drain deadline", async () => {
  const rig = new Rig(1);
  await rig.allReady();
  await rig.ask("stop");
  await rig.pass(rig.limits.drainTimeoutMs + 1_999);
  assert.deepEqual(rig.killed, []);
  await rig.pass(1);
  assert.deepEqual(rig.killed, [1]);
});

test("TERM during the boot stops the boot; it is no failure", async () => {
  const rig = new Rig(2);
  await rig.ask("stop");
  assert.deepEqual(rig.terminated, [1, 2]);
  for (const number of [1, 2]) await rig.ends(number, { code: null, signal: "SIGTERM" });
  assert.equal(await rig.exit, 0);
});

test("READY is told once all wanted workers are ready, not before", async () => {
  const rig = new Rig(2);
  await rig.says(1, "ready");
  assert.deepEqual(rig.notified, []);
  await rig.says(2, "ready");
  assert.deepEqual(rig.notified, ["READY=1"]);
});

test("a dead worker is replaced at once, and only once", async () => {
  const rig = new Rig(2);
  await rig.allReady();
  await rig.ends(1, { code: null, signal: "SIGSEGV" });
  assert.equal(rig.started, 3);
  await rig.pass(5);
  assert.equal(rig.started, 3);
});

test("three failed boots with nobody ever ready: exit code 3, the rest is killed", async () => {
  const rig = new Rig(2);
  await rig.ends(1, { code: 1, signal: null });
  await rig.ends(2, { code: 1, signal: null });
  await rig.pass(100);
  assert.equal(rig.started, 4);
  await rig.ends(3, { code: 1, signal: null });
  assert.deepEqual(rig.killed, [4]);
  await rig.ends(4, { code: null, signal: "SIGKILL" });
  assert.equal(await rig.exit, 3);
  assert.match(rig.logged.join("\n"), /No worker became ready: the last one exited with code 1 before it was ready[^]*last line of 3/);
});

test("a first boot that uses its whole time up is not tried again", async () => {
  const rig = new Rig(1);
  await rig.pass(rig.limits.bootTimeoutMs);
  assert.deepEqual(rig.killed, [1, 1]);
  await rig.ends(1, { code: null, signal: "SIGKILL" });
  assert.equal(await rig.exit, 3);
});

test("once a worker was ready, failing boots are retried with growing waits and never end the service", async () => {
  const rig = new Rig(2);
  await rig.says(1, "ready");
  for (const [number, waitMs] of [
    [2, 100],
    [3, 200],
    [4, 400],
    [5, 800],
  ] as const) {
    await rig.ends(number, { code: 1, signal: null });
    const before = rig.started;
    await rig.pass(waitMs - 1, [1]);
    assert.equal(rig.started, before, `not before ${waitMs} ms`);
    await rig.pass(1, [1]);
    assert.equal(rig.started, before + 1, `after ${waitMs} ms`);
  }
});

test("HUP: new first, one at a time, each old one told to end only when its successor is ready", async () => {
  const rig = new Rig(2);
  await rig.allReady();
  await rig.ask("reload");
  assert.equal(rig.started, 3);
  assert.deepEqual(rig.terminated, []);
  await rig.says(3, "ready");
  assert.deepEqual(rig.terminated, [1]);
  assert.equal(rig.started, 3, "the next waits for the old one's end");
  await rig.ends(1, { code: 0, signal: null });
  assert.equal(rig.started, 4);
  await rig.says(4, "ready");
  await rig.ends(2, { code: 0, signal: null });
  assert.equal(rig.status().state, "running");
  assert.deepEqual(rig.notified, ["READY=1", "RELOADING=1", "READY=1"]);
  assert.deepEqual(rig.status().workers, { target: 2, wanted: 2, ready: 2, pids: [1003, 1004] });
});

test("HUP with a canary that fails: the old set is not touched, and nothing more is started", async () => {
  const rig = new Rig(2);
  await rig.allReady();
  await rig.ask("reload");
  await rig.ends(3, { code: 1, signal: null });
  assert.deepEqual([rig.terminated, rig.killed, rig.started], [[], [], 3]);
  assert.deepEqual(rig.status().workers.pids, [1001, 1002]);
  assert.equal(rig.status().state, "running");
  assert.match(rig.logged.join("\n"), /Reload failed/);
});

test("however many HUPs come during a reload, one more reload follows", async () => {
  const rig = new Rig(1);
  await rig.allReady();
  for (let count = 0; count < 4; count++) await rig.ask("reload");
  await rig.says(2, "ready");
  await rig.ends(1, { code: 0, signal: null });
  assert.equal(rig.started, 3);
  await rig.says(3, "ready");
  await rig.ends(2, { code: 0, signal: null });
  assert.equal(rig.started, 3);
  assert.equal(rig.status().state, "running");
});

test("a HUP during the boot is carried out after it", async () => {
  const rig = new Rig(1);
  await rig.ask("reload");
  assert.equal(rig.started, 1);
  await rig.says(1, "ready");
  assert.equal(rig.started, 2);
});

test("a worker killed during a reload is replaced once", async () => {
  const rig = new Rig(2);
  await rig.allReady();
  await rig.ask("reload");
  await rig.ends(1, { code: null, signal: "SIGKILL" });
  assert.equal(rig.started, 3, "its successor boots already");
  await rig.says(3, "ready");
  assert.equal(rig.started, 4, "the reload goes on with the other slot");
  assert.deepEqual(rig.terminated, []);
});

test("TERM during a reload stops old and new alike", async () => {
  const rig = new Rig(1);
  await rig.allReady();
  await rig.ask("reload");
  await rig.ask("stop");
  assert.deepEqual(rig.terminated, [1, 2]);
});

test("TTIN adds a worker, TTOU takes the last one away, never the only one", async () => {
  const rig = new Rig(1);
  await rig.allReady();
  await rig.ask("grow");
  assert.equal(rig.started, 2);
  await rig.says(2, "ready");
  await rig.ask("shrink");
  assert.deepEqual(rig.terminated, [2]);
  await rig.ask("shrink");
  assert.deepEqual(rig.terminated, [2]);
});

test("TTOU of a slot that is being reloaded ends both its workers, and the reload", async () => {
  const rig = new Rig(2);
  await rig.allReady();
  await rig.ask("reload");
  await rig.says(3, "ready");
  await rig.ends(1, { code: 0, signal: null });
  await rig.ask("shrink");
  assert.deepEqual(rig.terminated, [1, 2, 4]);
  await rig.ends(2, { code: 0, signal: null });
  await rig.ends(4, { code: 0, signal: null });
  assert.equal(rig.status().state, "running");
});

test("a worker that somebody else sent TERM is replaced before it has ended", async () => {
  const rig = new Rig(1);
  await rig.allReady();
  await rig.says(1, "leaving");
  assert.equal(rig.started, 2);
  await rig.ends(1, { code: 0, signal: null });
  assert.equal(rig.started, 2);
});

test("a silent event loop is killed and replaced; one that beats late, but in time, is not", async () => {
  const rig = new Rig(2);
  await rig.allReady();
  const limitMs = rig.limits.livenessTimeoutMs * 1.2;
  for (let count = 0; count < 3; count++) await rig.pass(limitMs - 1, [1, 2]);
  assert.deepEqual(rig.killed, []);
  await rig.pass(limitMs - 1, [2]);
  await rig.pass(1, [2]);
  assert.deepEqual(rig.killed, [1]);
  assert.equal(rig.started, 3);
});

test("nobody is killed for a silence through which the supervisor itself was asleep", async () => {
  const rig = new Rig(2);
  await rig.allReady();
  await rig.sleepThrough(3_600_000);
  assert.deepEqual(rig.killed, []);
  await rig.pass(rig.limits.livenessTimeoutMs * 1.2);
  assert.deepEqual(rig.killed, [1, 2], "the full time later it is judged again");
});

test("the watchdog is pinged while a worker lives, and not when none does", async () => {
  const rig = new Rig(1, { watchdogIntervalMs: 40 });
  await rig.allReady();
  await rig.pass(40, [1]);
  assert.equal(rig.notified.at(-1), "WATCHDOG=1");
  await rig.ends(1, { code: 1, signal: null });
  await rig.ends(2, { code: 1, signal: null });
  const before = rig.notified.length;
  await rig.pass(40);
  assert.equal(rig.notified.length, before);
});
