import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { kinds, start } from "../apps.ts";
import { pause } from "../host.ts";

const LIVENESS_MS = 1_000;
/** Longer than any worker may be silent, its margin included. */
const SUSPENDED_MS = 3_000;

const withLiveness = ["--liveness-timeout-ms", String(LIVENESS_MS)];

describe("8. A blocked event loop is found and killed; a slow worker is not, nor is anybody after a suspend", () => {
  for (const { name, makeApp } of kinds) {
    test(`blocked: killed and replaced; slow, but alive: left alone (${name})`, async (t) => {
      const host = start(t, await makeApp(), withLiveness);
      await host.until(/Ready/);
      assert.equal((await host.get("/slow?ms=2500")).status, 200);
      assert.equal((await host.get("/block?ms=500")).status, 200);
      assert.equal(host.workerPids.length, 2);
      await assert.rejects(host.get("/block?ms=20000"));
      await host.until(/event loop was silent for more than 1000 ms; killed and replaced/);
      await host.settled(2);
      assert.equal(host.workerPids.length, 3);
      assert.deepEqual((await host.status()).restarts, { silent: 1 });
    });

    test(`the supervisor alone was stopped for longer than a worker may be silent: nobody is killed (${name})`, async (t) => {
      const host = start(t, await makeApp(), withLiveness);
      await host.until(/Ready/);
      host.signal("SIGSTOP");
      await pause(SUSPENDED_MS);
      assert.equal((await host.get("/")).status, 200, "the workers go on meanwhile");
      host.signal("SIGCONT");
      await stayTheSame(host);
    });

    test(`all were stopped, as by a suspend: nobody is killed, in whichever order they wake (${name})`, async (t) => {
      const host = start(t, await makeApp(), withLiveness);
      await host.until(/Ready/);
      const workers = host.workerPids;
      host.signal("SIGSTOP");
      for (const pid of workers) process.kill(pid, "SIGSTOP");
      await pause(SUSPENDED_MS);
      host.signal("SIGCONT");
      await pause(200);
      for (const pid of workers) process.kill(pid, "SIGCONT");
      await stayTheSame(host);
    });
  }

  test("a worker that somebody has stopped is silent: killed and replaced", async (t) => {
    const host = start(t, await kinds[0].makeApp(), withLiveness);
    await host.until(/Ready/);
    process.kill(host.workerPids[0] as number, "SIGSTOP");
    await host.until(/slot 1\): its event loop was silent/);
    await host.settled(2);
    assert.equal(host.workerPids.length, 3);
  });
});

/** The same workers are ready after every deadline that may still have been pending. */
async function stayTheSame(host: ReturnType<typeof start>): Promise<void> {
  await host.status();
  await pause(LIVENESS_MS * 1.5);
  const { workers, restarts } = await host.status();
  assert.deepEqual([workers.pids, restarts], [host.workerPids.slice(0, 2), {}], host.output);
  assert.equal(host.workerPids.length, 2);
}
