import assert from "node:assert/strict";
import { test } from "node:test";
import { Rig, settle } from "./rig.ts";

test("a reload that somebody waits for is answered at its end", async () => {
  const rig = new Rig(1);
  await rig.allReady();
  const reloaded = rig.reload();
  await settle();
  await rig.says(2, "ready");
  await rig.ends(1, { code: 0, signal: null });
  assert.deepEqual(await reloaded, { ok: true, text: "Reloaded: 1 of 1 worker" });
  assert.deepEqual(rig.status().reloads, { succeeded: 1, failed: 0 });
});

test("a reload that fails says why, with the canary's last lines", async () => {
  const rig = new Rig(1);
  await rig.allReady();
  const reloaded = rig.reload();
  await settle();
  await rig.ends(2, { code: 1, signal: null });
  const { ok, text } = await reloaded;
  assert.equal(ok, false);
  assert.match(text, /^Reload failed, the workers that are ready go on: a new worker exited with code 1[^]*\| last line of 2$/);
  assert.deepEqual(rig.status().reloads, { succeeded: 0, failed: 1 });
});

test("who asks during a reload is answered by the next one, as the one under way began with older code", async () => {
  const rig = new Rig(1);
  await rig.allReady();
  const first = rig.reload();
  await settle();
  const second = rig.reload();
  const third = rig.reload();
  await settle();
  await rig.ends(2, { code: 1, signal: null });
  assert.equal((await first).ok, false);
  await rig.says(3, "ready");
  await rig.ends(1, { code: 0, signal: null });
  assert.deepEqual([(await second).ok, (await third).ok, rig.started], [true, true, 3]);
});

test("a worker that dies before the canary is ready is replaced by the old code; after that, by the new", async () => {
  const rig = new Rig(3);
  await rig.allReady();
  await rig.ask("reload");
  await rig.ends(3, { code: 1, signal: null });
  assert.deepEqual(rig.epochs, [0, 0, 0, 1, 0]);
  await rig.says(4, "ready");
  await rig.ends(5, { code: 1, signal: null });
  await rig.pass(200, [2, 4]);
  assert.equal(rig.epochs.at(-1), 1);
});

test("after a reload whose canary failed, replacements run the old code", async () => {
  const rig = new Rig(1);
  await rig.allReady();
  await rig.ask("reload");
  await rig.ends(2, { code: 1, signal: null });
  await rig.ends(1, { code: 1, signal: null });
  await rig.pass(100);
  assert.deepEqual(rig.epochs, [0, 1, 0]);
});

test("a crash loop is ended by a reload: a vacant slot's next worker is the canary, at once", async () => {
  const rig = new Rig(1);
  await rig.allReady();
  for (let number = 1; number <= 4; number++) {
    await rig.ends(number, { code: 1, signal: null });
    await rig.pass(number === 4 ? 1 : 1_000);
  }
  assert.equal(rig.started, 4, "it waits");
  await rig.ask("reload");
  assert.deepEqual(rig.epochs, [0, 0, 0, 0, 1]);
  await rig.says(5, "ready");
  assert.deepEqual(rig.status().reloads, { succeeded: 1, failed: 0 });
});

test("code that can't be found fails the reload before anything is started", async () => {
  const rig = new Rig(1);
  await rig.allReady();
  rig.codeIsMissing = true;
  assert.match((await rig.reload()).text, /could not be started: no such folder$/);
  assert.deepEqual([rig.started, rig.status().state], [1, "running"]);
});

test("workers with addresses: listed when ready, off the list for a while before they get TERM", async () => {
  const rig = new Rig(1, {}, true);
  await rig.allReady();
  assert.deepEqual(rig.listed, [1]);
  await rig.ask("reload");
  await rig.says(2, "ready");
  assert.deepEqual([rig.listed, rig.delisted, rig.terminated], [[1, 2], [1], []]);
  await rig.pass(1_000, [2]);
  await rig.pass(rig.limits.delistWaitMs - 1_001, [2]);
  assert.deepEqual(rig.terminated, []);
  await rig.pass(1);
  assert.deepEqual(rig.terminated, [1]);
  await rig.ends(1, { code: 0, signal: null });
  await rig.ask("stop");
  assert.deepEqual([rig.delisted, rig.terminated], [[1, 2], [1]]);
});
