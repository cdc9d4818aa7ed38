import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { bindUnix } from "../../../runtime/supervisor/listen.ts";
import { kinds, start } from "./apps.ts";
import { Load } from "./load.ts";
import { watchChildren } from "./proc.ts";

const WORKERS = 3;

describe("two instances on one socket, an old and a new generation", () => {
  for (const { name, makeApp } of kinds) {
    test(`shifting worker by worker with TTIN and TTOU, under load: nothing is lost, with one worker more at most (${name})`, async (t) => {
      const folder = mkdtempSync(join(tmpdir(), "fw-shared-"));
      const path = join(folder, "web.sock");
      const socket = await bindUnix(path);
      t.after(() => {
        socket.close();
        rmSync(folder, { recursive: true });
      });
      const app = await makeApp();
      const shared = { passed: socket, listen: ["--fd", "3"] };
      const old = start(t, app, ["--workers", String(WORKERS)], shared);
      await old.until(/Ready: 3 of 3/);
      const load = new Load({ socketPath: path }, 50_000);
      const young = start(t, app, ["--workers", String(WORKERS), "--start-workers", "1"], shared);
      const mostWorkers = watchChildren(old.pid, young.pid);
      await young.until(/Ready: 1 of 1/);
      for (let left = WORKERS - 1; left >= 1; left--) {
        old.signal("SIGTTOU");
        await old.settled(left);
        young.signal("SIGTTIN");
        await young.settled(WORKERS + 1 - left);
      }
      old.signal("SIGTERM");
      assert.equal(await old.exited, 0);
      assert.equal(mostWorkers(), WORKERS + 1);
      const { lost, sent } = await load.stop();
      assert.deepEqual(lost, []);
      assert.ok(sent > 200, `only ${sent} requests were sent`);
      assert.equal((await young.status()).workers.ready, WORKERS);
    });
  }
});
