import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isBusy, kinds, slowToBoot, start } from "../apps.ts";
import { isAlive } from "../proc.ts";

describe("3. The parent killed by SIGKILL: no worker survives, and the port is free again", () => {
  for (const { name, makeApp } of kinds) {
    test(`not even one whose loop is blocked (${name})`, async (t) => {
      const app = await makeApp();
      const host = start(t, app);
      await host.until(/Ready/);
      const blocked = host.get("/block?ms=20000").catch((error: Error) => error);
      await isBusy(host);
      host.signal("SIGKILL");
      await host.exited;
      await host.eventually("all workers are gone", () => !host.workerPids.some(isAlive), 2_000);
      assert.ok((await blocked) instanceof Error);
      const next = start(t, app, ["--workers", "1"], { listen: ["--port", new URL(host.url).port] });
      await next.until(/Ready/);
      assert.equal((await next.get("/")).status, 200);
    });

    test(`not even one that boots (${name})`, async (t) => {
      const host = start(t, slowToBoot(await makeApp(), 20_000));
      await host.eventually("both were started", () => host.workerPids.length === 2);
      host.signal("SIGKILL");
      await host.exited;
      await host.eventually("all workers are gone", () => !host.workerPids.some(isAlive), 2_000);
    });
  }
});
