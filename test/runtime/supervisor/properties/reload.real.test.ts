import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { kinds, nodeApp, start } from "../apps.ts";
import { Load } from "../load.ts";
import { watchChildren } from "../proc.ts";

/** uvicorn takes longer to start and to drain than Node. */
const RELOADS = { Node: 6, ASGI: 4 };

describe("4. Repeated reloads lose no request: fresh and kept connections, bodies that come slowly", () => {
  for (const { name, makeApp } of kinds) {
    test(`${RELOADS[name]} reloads under load, and every worker is new each time (${name})`, async (t) => {
      const host = start(t, await makeApp());
      await host.until(/Ready/);
      const load = new Load(host.url, 20_000);
      const mostWorkers = watchChildren(host.pid);
      for (let reloads = 1; reloads <= RELOADS[name]; reloads++) {
        await host.reload();
        assert.deepEqual((await host.status()).workers.pids, host.workerPids.slice(2 * reloads));
      }
      const { sent, lost } = await load.stop();
      assert.deepEqual(lost, []);
      assert.equal(mostWorkers(), 3, "one more than wanted, never two");
      assert.ok(sent > 500, `only ${sent} requests were sent`);
    });
  }
});

describe("5. A broken new version: the old workers stay untouched, and the reload reports its failure", () => {
  for (const { name, makeApp } of kinds) {
    test(`code that fails at import (${name})`, async (t) => {
      const app = await makeApp();
      const host = start(t, app);
      await host.until(/Ready/);
      const load = new Load(host.url, 2_000);
      host.write(app.module, app.broken);
      host.signal("SIGHUP");
      await host.until(/ERROR: +Reload failed, the workers that are ready go on: [^]*\| .*the table of prices is missing/);
      await host.settled(2);
      assert.deepEqual((await load.stop()).lost, []);
      const { workers, reloads } = await host.status();
      assert.deepEqual(workers.pids, host.workerPids.slice(0, 2));
      assert.deepEqual(reloads, { succeeded: 0, failed: 1 });
      assert.equal(host.workerPids.length, 3, "one canary, and no second try");
    });
  }

  test("code that never gets ready: it is given up at the boot deadline", async (t) => {
    const app = await nodeApp();
    const host = start(t, app, ["--boot-timeout-ms", "1000"]);
    await host.until(/Ready/);
    host.write(app.module, app.delay(20_000));
    host.signal("SIGHUP");
    await host.until(/Reload failed, .*: a new worker was not ready after 1000 ms and was killed/);
    await host.settled(2);
    assert.deepEqual((await host.status()).workers.pids, host.workerPids.slice(0, 2));
  });

  test("mended code is taken by the next reload", async (t) => {
    const app = await nodeApp();
    const host = start(t, app);
    await host.until(/Ready/);
    host.write(app.module, app.broken);
    host.signal("SIGHUP");
    await host.until(/Reload failed/);
    host.write(app.module, app.files[app.module] as string);
    await host.reload();
    assert.deepEqual((await host.status()).workers.pids, host.workerPids.slice(3));
  });
});
