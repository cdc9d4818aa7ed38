import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { kinds, nodeApp, slowToBoot, start, withModule } from "../apps.ts";
import { isAlive, killIfThere } from "../proc.ts";

/** How a worker may end before it is ready, by kind, and what the log says of it. */
const ENDS = [
  { end: "code 0", Node: "(process as any).reallyExit(0);", ASGI: "import os; os._exit(0)", says: "exited with code 0" },
  // Both shims say that this is no way to start.
  { end: "exit(0)", Node: "process.exit(0);", ASGI: "import sys; sys.exit(0)", says: "exited with code 3" },
  { end: "code 1", Node: "process.exit(1);", ASGI: "import os; os._exit(1)", says: "exited with code 1" },
  { end: "code 3", Node: "process.exit(3);", ASGI: "import os; os._exit(3)", says: "exited with code 3" },
  {
    end: "a signal",
    Node: 'process.kill(process.pid, "SIGSEGV"); for (;;);',
    ASGI: "import os; os.kill(os.getpid(), 11)",
    says: "was ended by SIGSEGV",
  },
  {
    end: "SIGKILL",
    Node: 'process.kill(process.pid, "SIGKILL"); for (;;);',
    ASGI: "import os; os.kill(os.getpid(), 9)",
    says: "was killed by SIGKILL by somebody",
  },
] as const;

describe("6. Workers that die before they are ready: few tries, then an exit code that says so", () => {
  for (const { name, makeApp } of kinds) {
    for (const { end, says, [name]: code } of ENDS) {
      test(`${end}: told apart, and code 3 in the end (${name})`, async (t) => {
        const host = start(t, withModule(await makeApp(), `${code}\n`));
        assert.equal(await host.exited, 3);
        assert.match(host.output, new RegExp(`No worker became ready: the last one ${says} before it was ready, after \\d`));
        assert.ok(host.workerPids.length <= 4, `${host.workerPids.length} boots`);
        assert.deepEqual(host.workerPids.filter(isAlive), []);
      });
    }

    test(`the app's last lines are shown (${name})`, async (t) => {
      const app = await makeApp();
      const host = start(t, withModule(app, app.broken));
      assert.equal(await host.exited, 3);
      assert.match(host.output, /No worker became ready: [^]*\| .*the table of prices is missing/);
    });
  }

  test("one that was ready, and whose every replacement dies: ever longer waits, then code 4", async (t) => {
    const app = await nodeApp();
    const host = start(t, app, ["--workers", "1"]);
    await host.until(/Ready/);
    host.write(app.module, app.broken);
    killIfThere(host.workerPids[0] as number);
    const startedMs = performance.now();
    assert.equal(await host.exited, 4);
    assert.match(host.output, /Every worker fails again and again, and none is ready: the last one exited with code 3/);
    assert.ok(host.workerPids.length <= 9, `${host.workerPids.length} boots`);
    assert.ok(performance.now() - startedMs > 8_000, "it did not give up at once");
    const waits = [...host.output.matchAll(/next worker in (\d+) ms/g)].map((match) => Number(match[1]));
    assert.deepEqual(
      waits,
      waits.toSorted((one, other) => one - other),
    );
  });

  test("one slot that fails does not end the others", async (t) => {
    const app = await nodeApp();
    const onlySlot1 = `if (process.env.FLEETWRIGHT_SLOT !== "1" && (await import("node:fs")).existsSync("fail")) process.exit(1);\n`;
    const host = start(t, withModule(app, onlySlot1 + app.files[app.module]));
    await host.until(/Ready/);
    host.write("fail", "");
    killIfThere(host.workerPids[1] as number);
    await host.eventually("it was tried four times", () => host.count("exited with code 1 before it was ready") >= 4);
    assert.equal((await host.get("/")).status, 200);
    assert.deepEqual((await host.status()).workers.pids, host.workerPids.slice(0, 1));
  });
});

describe("7. Stuck in boot: the boot deadline counts, not the one for silence", () => {
  for (const { name, makeApp } of kinds) {
    test(`killed at the boot deadline, long before silence would count (${name})`, async (t) => {
      const host = start(t, slowToBoot(await makeApp(), 60_000), ["--boot-timeout-ms", "1500", "--liveness-timeout-ms", "60000"]);
      const startedMs = performance.now();
      assert.equal(await host.exited, 3);
      const tookMs = performance.now() - startedMs;
      assert.ok(tookMs > 1_400 && tookMs < 8_000, `${tookMs} ms`);
      assert.match(host.output, /No worker became ready: the last one was not ready after 1500 ms and was killed/);
      assert.deepEqual(host.workerPids.filter(isAlive), []);
    });

    test(`silent for longer than a ready worker may be, and ready in time: left alone (${name})`, async (t) => {
      const host = start(t, slowToBoot(await makeApp(), 2_000), ["--liveness-timeout-ms", "500"]);
      await host.until(/Ready: 2 of 2/);
      assert.equal(host.workerPids.length, 2);
    });
  }
});
