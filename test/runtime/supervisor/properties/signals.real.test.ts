import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { kinds, nodeApp, slowToBoot, start } from "../apps.ts";
import { isAlive, killIfThere } from "../proc.ts";

describe("1. Signals during boot and in the middle of a reload: none is lost, none counts twice", () => {
  for (const { name, makeApp } of kinds) {
    test(`TERM while the workers boot: the end, with code 0, and nobody is left (${name})`, async (t) => {
      const host = start(t, slowToBoot(await makeApp(), 20_000));
      await host.eventually("both have been started", () => host.workerPids.length === 2);
      host.signal("SIGTERM");
      assert.equal(await host.exited, 0);
      assert.deepEqual(host.workerPids.filter(isAlive), []);
      assert.doesNotMatch(host.output, /Ready/);
    });

    test(`two HUPs while the workers boot: one reload, right after (${name})`, async (t) => {
      const host = start(t, slowToBoot(await makeApp(), 500));
      await host.eventually("both have been started", () => host.workerPids.length === 2);
      host.signal("SIGHUP");
      host.signal("SIGHUP");
      await host.until(/Ready: 2 of 2[^]*Reloaded: 2 of 2/);
      await host.settled(2);
      assert.equal(host.count("Reloading"), 1);
      assert.equal(host.workerPids.length, 4);
    });
  }

  test("TTIN and TTOU while the workers boot: each counts once, and Ready comes when just as many are ready", async (t) => {
    const host = start(t, slowToBoot(await nodeApp(), 1_000));
    await host.eventually("both have been started", () => host.workerPids.length === 2);
    for (const pids of [3, 4]) {
      host.signal("SIGTTIN");
      await host.eventually("one more was started", () => host.workerPids.length === pids);
    }
    host.signal("SIGTTOU");
    await host.until(/Ready: 3 of 3/);
    await host.settled(3);
    assert.equal(host.workerPids.length, 4);
  });

  test("HUP in the middle of a reload: one more follows, with the newest code, however many HUPs there were", async (t) => {
    const app = await nodeApp();
    const host = start(t, slowToBoot(app, 500));
    await host.until(/Ready/);
    host.signal("SIGHUP");
    await host.eventually("the canary boots", () => host.workerPids.length === 3);
    host.write(app.module, `${app.files[app.module]}console.log("newest");\n`);
    for (let more = 0; more < 3; more++) {
      host.signal("SIGHUP");
      await host.status();
    }
    await host.eventually("two reloads are over", () => host.count("Reloaded: 2 of 2") === 2);
    await host.settled(2);
    assert.equal(host.count("Reloading"), 2);
    assert.equal(host.workerPids.length, 6);
    assert.ok(host.count("newest") >= 2, "the last two workers run the newest code");
  });

  test("TERM in the middle of a reload: all end, old and new, and the code is 0", async (t) => {
    const app = await nodeApp();
    const host = start(t, app);
    await host.until(/Ready/);
    host.write(app.module, app.delay(20_000) + app.files[app.module]);
    host.signal("SIGHUP");
    await host.eventually("the canary boots", () => host.workerPids.length === 3);
    host.signal("SIGTERM");
    assert.equal(await host.exited, 0);
    assert.deepEqual(host.workerPids.filter(isAlive), []);
    assert.equal(host.count("Started worker process"), 3);
  });

  test("HUP while one worker boots anew after its death: both are done", async (t) => {
    const host = start(t, slowToBoot(await nodeApp(), 400));
    await host.until(/Ready/);
    killIfThere(host.workerPids[0] as number);
    await host.eventually("its replacement boots", () => host.workerPids.length === 3);
    await host.reload();
    await host.settled(2);
    const { each } = await host.status();
    assert.deepEqual(
      each.map(({ epoch }) => epoch),
      [1, 1],
    );
  });
});
