import assert from "node:assert/strict";
import { test } from "node:test";
import { Rig, settle } from "./rig.ts";

test("scaled up: answered when all are ready", async () => {
  const rig = new Rig(1, { sizing: { workers: 3, cores: 3, reason: "test" } });
  await rig.allReady();
  const scaled = rig.scale(3);
  await settle();
  assert.equal(rig.started, 3);
  await rig.says(2, "ready");
  await rig.says(3, "ready");
  assert.deepEqual(await scaled, { ok: true, text: "Scaled: 3 workers ready" });
  const { target, wanted } = rig.status().workers;
  assert.deepEqual([target, wanted], [3, 3]);
});

test("scaled down: answered when the last of those that were too many has ended", async () => {
  const rig = new Rig(3);
  await rig.allReady();
  let done = false;
  const scaled = rig.scale(1).finally(() => {
    done = true;
  });
  await settle();
  assert.deepEqual([rig.terminated, done], [[3, 2], false]);
  await rig.ends(3, { code: 0, signal: null });
  assert.equal(done, false);
  await rig.ends(2, { code: 0, signal: null });
  assert.deepEqual(await scaled, { ok: true, text: "Scaled: 1 worker ready" });
});

test("starts with fewer than it is sized to, when told so", async () => {
  const rig = new Rig(4, { startWith: 1 });
  await rig.allReady();
  assert.equal(rig.started, 1);
  assert.deepEqual(rig.status().workers, { target: 4, wanted: 1, ready: 1, pids: [1001] });
});

test("a new worker that doesn't boot fails the change; it goes on being tried", async () => {
  const rig = new Rig(1);
  await rig.allReady();
  const scaled = rig.scale(2);
  await settle();
  await rig.ends(2, { code: 7, signal: null });
  assert.match((await scaled).text, /^Not scaled: a new worker exited with code 7 before it was ready/);
  await rig.pass(100, [1]);
  assert.equal(rig.started, 3);
});

test("a number out of bounds is refused, and a second change takes the first one's place", async () => {
  const rig = new Rig(2, { bounds: { min: 2, max: 4 } });
  await rig.allReady();
  assert.match((await rig.scale(5)).text, /5 is not between 1 and 4/);
  assert.match((await rig.scale(0)).text, /0 is not between 1 and 4/);
  const first = rig.scale(4);
  await settle();
  const second = rig.scale(2);
  assert.match((await first).text, /another change/);
  for (const number of [3, 4]) await rig.ends(number, { code: null, signal: "SIGTERM" });
  assert.equal((await second).ok, true);
});

test("TTIN and TTOU stay within the bounds", async () => {
  const rig = new Rig(2, { bounds: { min: 2, max: 3 } });
  await rig.allReady();
  await rig.ask("shrink");
  assert.deepEqual(rig.terminated, []);
  for (let count = 0; count < 3; count++) await rig.ask("grow");
  assert.equal(rig.started, 3);
  assert.match(rig.logged.join("\n"), /2 are the fewest[^]*3 are the most/);
});

test("whoever waits is answered when the supervisor stops, and refused after that", async () => {
  const rig = new Rig(1);
  await rig.allReady();
  const waiting = [rig.scale(2), rig.reload()];
  await settle();
  await rig.ask("stop");
  assert.deepEqual(
    (await Promise.all(waiting)).map(({ ok }) => ok),
    [false, false],
  );
  assert.deepEqual(await Promise.all([rig.reload(), rig.scale(1)]), [
    { ok: false, text: "The supervisor stops" },
    { ok: false, text: "The supervisor stops" },
  ]);
});
