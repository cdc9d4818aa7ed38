import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { describe, test } from "node:test";
import { kinds, start } from "./apps.ts";
import { pidOf } from "./load.ts";

for (const { name, makeApp } of kinds) {
  describe(`fleethost run with ${name} workers`, () => {
    test("prints its own pid and those of as many workers as wanted; they are the ones that answer", async (t) => {
      const host = start(t, await makeApp());
      await host.until(/Ready: 2 of 2/);
      assert.match(host.output, new RegExp(`Started parent process \\[${host.pid}\\]`));
      assert.equal(host.workerPids.length, 2);
      assert.ok(host.workerPids.includes(pidOf((await host.get("/")).body)));
      assert.deepEqual((await host.status()).workers, { target: 2, wanted: 2, ready: 2, pids: host.workerPids });
    });

    test("the app's extra socket answers, as the status socket does, and both are gone after the stop", async (t) => {
      const host = start(t, await makeApp());
      await host.until(/Ready/);
      assert.ok(host.workerPids.includes(pidOf((await host.ask("direct.sock", "/")).body)));
      host.signal("SIGTERM");
      assert.equal(await host.exited, 0);
      assert.deepEqual(
        readdirSync(host.folder).filter((file) => file.endsWith(".sock")),
        [],
      );
    });
  });
}
