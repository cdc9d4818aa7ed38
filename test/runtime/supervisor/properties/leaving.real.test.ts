import assert from "node:assert/strict";
import { Agent } from "node:http";
import { describe, test } from "node:test";
import { isBusy, kinds, start } from "../apps.ts";
import { pidOf } from "../load.ts";
import { isAlive, sharedSockets } from "../proc.ts";

describe("10. TERM closes the listeners; queued, running and late requests have a defined outcome; a second signal forces", () => {
  for (const { name, makeApp } of kinds) {
    test(`a request under way is answered, and its client told to close (${name})`, async (t) => {
      const host = start(t, await makeApp());
      await host.until(/Ready/);
      const slow = host.get("/slow?ms=700");
      await isBusy(host);
      host.signal("SIGTERM");
      const answer = await slow;
      assert.deepEqual([answer.status, answer.headers.connection], [200, "close"]);
      assert.equal(await host.exited, 0);
      assert.deepEqual(host.workerPids.filter(isAlive), []);
    });

    test(`a kept connection that is idle then may ask once more, and is told to close (${name})`, async (t) => {
      const host = start(t, await makeApp(), ["--workers", "1"]);
      await host.until(/Ready/);
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      t.after(() => agent.destroy());
      assert.notEqual((await host.get("/", { agent })).headers.connection, "close");
      const [worker = 0] = host.workerPids;
      host.signal("SIGTERM");
      await host.eventually("it stopped accepting", () => sharedSockets(host.pid, worker).length === 0);
      const last = await host.get("/", { agent });
      assert.deepEqual([last.status, last.headers.connection], [200, "close"]);
      assert.equal(await host.exited, 0);
    });

    test(`a late client is refused at once, while a request under way goes on (${name})`, async (t) => {
      const host = start(t, await makeApp());
      await host.until(/Ready/);
      const slow = host.get("/slow?ms=4000");
      await isBusy(host);
      host.signal("SIGTERM");
      const refused = async (): Promise<boolean> =>
        host.get("/", { timeout: 1_000 }).then(
          () => false,
          ({ code }: NodeJS.ErrnoException) => code === "ECONNREFUSED",
        );
      await host.eventually("a late client is refused", refused, 2_500);
      assert.equal((await slow).status, 200);
      assert.equal(await host.exited, 0);
    });

    test(`a client in the queue of a busy worker is answered, or cut off at once: it never hangs (${name})`, async (t) => {
      const host = start(t, await makeApp(), ["--workers", "1"]);
      await host.until(/Ready/);
      const blocking = host.get("/block?ms=1000");
      await isBusy(host);
      const queued = host.get("/").then(
        ({ body }) => pidOf(body),
        ({ code }: NodeJS.ErrnoException) => code,
      );
      host.signal("SIGTERM");
      assert.equal((await blocking).status, 200);
      assert.ok([host.workerPids[0], "ECONNRESET"].includes(await queued), `${await queued}`);
      assert.equal(await host.exited, 0);
    });

    test(`a second TERM does not wait for a request under way (${name})`, async (t) => {
      const host = start(t, await makeApp());
      await host.until(/Ready/);
      const slow = host.get("/slow?ms=15000").catch((error: Error) => error);
      await isBusy(host);
      host.signal("SIGTERM");
      await host.until(/Stopping: /);
      host.signal("SIGTERM");
      assert.equal(await host.exited, 0);
      assert.ok((await slow) instanceof Error);
      assert.deepEqual(host.workerPids.filter(isAlive), []);
    });

    test(`a request that outlasts the drain deadline does not hold the stop up (${name})`, async (t) => {
      const host = start(t, await makeApp(), ["--drain-timeout-ms", "500"]);
      await host.until(/Ready/);
      const slow = host.get("/slow?ms=15000").catch((error: Error) => error);
      await isBusy(host);
      host.signal("SIGTERM");
      assert.equal(await host.exited, 0);
      // uvicorn still has the time to say 500.
      const outcome = await slow;
      assert.ok(outcome instanceof Error || outcome.status === 500);
    });
  }
});
