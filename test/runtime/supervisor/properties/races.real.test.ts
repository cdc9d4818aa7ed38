import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { kinds, nodeApp, slowToBoot, start } from "../apps.ts";
import type { Host } from "../host.ts";
import { Load } from "../load.ts";
import { isAlive, killIfThere } from "../proc.ts";

/** Ready, and the canary of a reload boots: its pid. */
async function canary(host: Host): Promise<number> {
  await host.until(/Ready/);
  const before = host.workerPids.length;
  host.signal("SIGHUP");
  await host.eventually("the canary boots", () => host.workerPids.length > before);
  return host.workerPids[before] as number;
}

describe("12. What happens at the same time: deaths, reloads, changes of the number, and signals of others", () => {
  test("a worker that dies while it is being replaced: its successor takes its place, nobody else is started for it", async (t) => {
    const host = start(t, slowToBoot(await nodeApp(), 700));
    await canary(host);
    killIfThere(host.workerPids[0] as number);
    await host.until(/Reloaded: 2 of 2/);
    await host.settled(2);
    assert.equal(host.workerPids.length, 4);
    assert.deepEqual((await host.status()).workers.pids, host.workerPids.slice(2));
  });

  test("a canary that is killed: the reload fails, the old workers stay", async (t) => {
    const host = start(t, slowToBoot(await nodeApp(), 700));
    killIfThere(await canary(host));
    await host.until(/Reload failed, .*: a new worker was killed by SIGKILL by somebody before it was ready/);
    await host.settled(2);
    assert.deepEqual((await host.status()).workers.pids, host.workerPids.slice(0, 2));
  });

  test("the sibling dies while the canary boots: both slots are served again, by the new code in the end", async (t) => {
    const host = start(t, slowToBoot(await nodeApp(), 700));
    await canary(host);
    killIfThere(host.workerPids[1] as number);
    await host.until(/Reloaded: 2 of 2/);
    await host.settled(2);
    const { each } = await host.status();
    assert.deepEqual(each.map(({ slot, epoch }) => [slot, epoch]).toSorted(), [
      [1, 1],
      [2, 1],
    ]);
  });

  test("TTOU during a reload: one slot fewer, and the reload comes to its end", async (t) => {
    const host = start(t, slowToBoot(await nodeApp(), 500));
    await canary(host);
    host.signal("SIGTTOU");
    await host.until(/Reloaded: 1 of 1/);
    await host.settled(1);
    assert.equal((await host.get("/")).status, 200);
  });

  test("TTOU takes the slot away whose successor boots: it goes, too", async (t) => {
    const host = start(t, slowToBoot(await nodeApp(), 1_000));
    await canary(host);
    await host.eventually("the second one's turn has come", () => host.workerPids.length === 4);
    host.signal("SIGTTOU");
    await host.until(/Reloaded: 1 of 1/);
    await host.settled(1);
    assert.deepEqual(host.workerPids.map(isAlive), [false, false, true, false]);
  });

  test("TTIN during a reload: one more, of the new code", async (t) => {
    const host = start(t, slowToBoot(await nodeApp(), 500));
    await canary(host);
    host.signal("SIGTTIN");
    await host.until(/Reloaded: 3 of 3/);
    await host.settled(3);
    assert.deepEqual(
      (await host.status()).each.map(({ epoch }) => epoch),
      [1, 1, 1],
    );
  });

  for (const { name, makeApp } of kinds) {
    test(`two HUPs at once, under load: two reloads at most, none lost (${name})`, async (t) => {
      const host = start(t, await makeApp());
      await host.until(/Ready/);
      const load = new Load(t, host.url, 20_000);
      host.signal("SIGHUP");
      host.signal("SIGHUP");
      await host.until(/Reloaded/);
      await host.settled(2, 30_000);
      assert.deepEqual((await load.stop()).lost, []);
      // The kernel makes one of two signals that wait at the same time.
      const reloads = host.count("Reloaded: 2 of 2");
      assert.ok(reloads === 1 || reloads === 2, `${reloads} reloads`);
      assert.equal(host.workerPids.length, 2 + 2 * reloads);
    });

    test(`somebody else's TERM to a worker, under load: it drains, another is started at once, nothing is lost (${name})`, async (t) => {
      const host = start(t, await makeApp());
      await host.until(/Ready/);
      const load = new Load(t, host.url, 20_000);
      const [first = 0] = host.workerPids;
      process.kill(first, "SIGTERM");
      await host.until(/slot 1\): stops by itself; replaced/);
      await host.settled(2);
      assert.ok(!isAlive(first));
      const { lost, sent } = await load.stop();
      assert.deepEqual(lost, []);
      assert.ok(sent > 50);
      assert.deepEqual([host.workerPids.length, (await host.status()).restarts], [3, { left: 1 }]);
    });

    test(`a worker killed by SIGKILL is replaced once, at once (${name})`, async (t) => {
      const host = start(t, await makeApp());
      await host.until(/Ready/);
      killIfThere(host.workerPids[0] as number);
      await host.until(/slot 1\): was killed by SIGKILL by somebody after \d+\.\d s; replaced/);
      await host.settled(2);
      assert.equal(host.workerPids.length, 3);
      assert.doesNotMatch(host.output, /next worker in/);
    });
  }

  test("every worker killed at the same moment: all are replaced", async (t) => {
    const host = start(t, await nodeApp(), ["--workers", "3"]);
    await host.until(/Ready/);
    for (const pid of host.workerPids) killIfThere(pid);
    await host.eventually("three more were started", () => host.workerPids.length === 6);
    await host.settled(3);
  });

  test("TERM to the supervisor right after a worker was killed: the end, with code 0", async (t) => {
    const host = start(t, await nodeApp());
    await host.until(/Ready/);
    killIfThere(host.workerPids[0] as number);
    host.signal("SIGTERM");
    assert.equal(await host.exited, 0);
    assert.deepEqual(host.workerPids.filter(isAlive), []);
  });
});
