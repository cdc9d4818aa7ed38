import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { kinds, start, withModule } from "./apps.ts";
import { Load } from "./load.ts";
import { isAlive } from "./proc.ts";

/** Each request to `/leak` keeps 150 MiB for ever. */
const LEAKS = {
  Node: {
    needle: 'if (url.pathname === "/slow")',
    code: 'if (url.pathname === "/leak") kept.push(Buffer.alloc(150 * 2 ** 20, 1));\n',
    top: "const kept: Buffer[] = [];\n",
  },
  ASGI: {
    needle: '@app.get("/slow")',
    code: '@app.get("/leak")\nasync def leak():\n    kept.append(b"x" * (150 * 2 ** 20))\n\n',
    top: "kept = []\n",
  },
};

describe("workers that work, and are to be replaced all the same", () => {
  for (const { name, makeApp } of kinds) {
    test(`a lifetime: under load, every worker makes room for a new one, one at a time, and nothing is lost (${name})`, async (t) => {
      const host = start(t, await makeApp(), ["--max-lifetime-ms", "3000"]);
      await host.until(/Ready/);
      const load = new Load(t, host.url, 20_000);
      await host.eventually("four have made room", async () => ((await host.status()).restarts.lifetime ?? 0) >= 4, 60_000);
      const { lost, sent } = await load.stop();
      assert.deepEqual(lost, []);
      assert.ok(sent > 100);
      const { workers, restarts, reloads } = await host.status();
      assert.equal(workers.ready, 2);
      assert.deepEqual([Object.keys(restarts), reloads], [["lifetime"], { succeeded: 0, failed: 0 }]);
      assert.ok(!isAlive(host.workerPids[0] as number));
    });

    test(`a leak: the worker that uses too much memory is replaced, under load, and nothing is lost (${name})`, async (t) => {
      const app = await makeApp();
      const { needle, code, top } = LEAKS[name];
      const leaking = withModule(app, top + app.files[app.module]?.replace(needle, code + needle));
      const host = start(t, leaking, ["--max-memory-mib", "150"]);
      await host.until(/Ready/);
      const load = new Load(t, host.url, 20_000);
      assert.equal((await host.get("/leak")).status, 200);
      await host.until(/uses more memory than it may; a new one takes its place/, 20_000);
      await host.eventually("one was replaced", async () => (await host.status()).restarts.memory === 1);
      await host.settled(2);
      assert.deepEqual((await load.stop()).lost, []);
      assert.equal(host.workerPids.length, 3, "the other one, which is small, stays");
    });
  }
});
