import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { isBusy, nodeApp, start, withModule } from "./apps.ts";
import { Host } from "./host.ts";
import { isAlive } from "./proc.ts";
import { tableOf } from "./table.ts";

/** The page with the two tables. */
const PAGE = new URL("../../../docs/supervisor.md", import.meta.url);

type Check = (host: Host, t: TestContext) => Promise<void>;

/** By signal and whom it is sent to, as the table's first two columns say. */
const signals: Readonly<Record<string, Check>> = {
  "TERM to supervisor": (host) => drains(host, () => host.signal("SIGTERM")),
  "INT to supervisor": (host) => drains(host, () => host.signal("SIGINT")),
  "INT to its process group": (host) => drains(host, () => process.kill(-host.pid, "SIGINT")),
  "TERM, TERM to supervisor": (host) =>
    endsAtOnce(host, async () => {
      host.signal("SIGTERM");
      await host.until(/Stopping: /);
      host.signal("SIGTERM");
    }),
  "QUIT to supervisor": (host) => endsAtOnce(host, () => host.signal("SIGQUIT")),
  "HUP to supervisor": async (host) => {
    await host.reload();
    assert.deepEqual((await host.status()).workers.pids, host.workerPids.slice(2));
  },
  "TTIN to supervisor": async (host) => {
    host.signal("SIGTTIN");
    await host.settled(3);
    host.signal("SIGTTIN");
    await host.until(/There are 3 workers, and 3 are the most that may be/);
  },
  "TTOU to supervisor": async (host) => {
    host.signal("SIGTTOU");
    await host.settled(1);
    host.signal("SIGTTOU");
    await host.until(/There are 1 workers, and 1 are the fewest that may be/);
  },
  "KILL to supervisor": (host) => takesWorkersAlong(host, "SIGKILL"),
  "USR2 to supervisor": (host) => takesWorkersAlong(host, "SIGUSR2"),
  "TERM to worker": async (host) => {
    const slow = host.get("/slow?ms=500");
    await isBusy(host);
    for (const pid of host.workerPids) process.kill(pid, "SIGTERM");
    assert.equal((await slow).status, 200);
    await isReplaced(host, /slot 1\): stops by itself; replaced/, 2);
  },
  "KILL to worker": (host) => replaces(host, "SIGKILL", /slot 1\): was killed by SIGKILL by somebody after .*; replaced/),
  "SEGV to worker": (host) => replaces(host, "SIGSEGV", /slot 1\): was ended by SIGSEGV after .*; replaced/),
  "STOP to worker": (host) => replaces(host, "SIGSTOP", /slot 1\): its event loop was silent for more than 1000 ms; killed and replaced/),
};

/** By exit code: brings a supervisor to end with it. */
const exits: Readonly<Record<string, (t: TestContext) => Promise<Host>>> = {
  0: async (t) => {
    const host = start(t, await nodeApp());
    await host.until(/Ready/);
    host.signal("SIGTERM");
    return host;
  },
  1: async (t) => start(t, await nodeApp(), [], { listen: ["--host", "192.0.2.1", "--port", "0"] }),
  2: async (t) => start(t, await nodeApp(), ["--min-workers", "many"]),
  3: async (t) => {
    const app = await nodeApp();
    return start(t, withModule(app, app.broken));
  },
  4: async (t) => {
    const app = await nodeApp();
    const host = start(t, app, ["--workers", "1"]);
    await host.until(/Ready/);
    host.write(app.module, app.broken);
    process.kill(host.workerPids[0] as number, "SIGKILL");
    return host;
  },
  70: async (t) => {
    // What it cannot expect: Node's own function fails. A module that is loaded before it makes that so.
    const fault =
      'import os from "node:os"; import { syncBuiltinESMExports } from "node:module";\n' +
      'os.availableParallelism = () => { throw new Error("a fault"); };\nsyncBuiltinESMExports();\n';
    const app = await nodeApp();
    const host = start(t, { ...app, files: { ...app.files, "fault.mjs": fault } }, [], { env: { NODE_OPTIONS: "--import ./fault.mjs" } });
    await host.exited;
    assert.match(host.output, /fault in the supervisor itself: Error: a fault\n +at /);
    return host;
  },
};

describe("signals: each does what the documentation says", () => {
  const rows = tableOf(PAGE, "Signal").map(([signal, to]) => `${signal} to ${to}`);

  test("the table has all that can be checked, and no more", () => assert.deepEqual(rows.toSorted(), Object.keys(signals).toSorted()));

  for (const row of rows) {
    test(row, async (t) => {
      const args = ["--min-workers", "1", "--max-workers", "3", "--liveness-timeout-ms", "1000"];
      const host = start(t, await nodeApp(), args, { wrapper: ["setsid"] });
      await host.until(/Ready/);
      await signals[row]?.(host, t);
    });
  }
});

describe("exit codes: each is really produced", () => {
  const codes = tableOf(PAGE, "Exit code").map(([code]) => code as string);

  test("the table has all that can be checked, and no more", () => assert.deepEqual(codes.toSorted(), Object.keys(exits).toSorted()));

  for (const code of codes) {
    test(code, async (t) => {
      const host = (await exits[code]?.(t)) as Host;
      assert.equal(await host.exited, Number(code));
      assert.deepEqual(host.workerPids.filter(isAlive), []);
    });
  }

  test("a folder that is not there counts as a wrong command line", async (t) => {
    const host = start(t, await nodeApp(), [], { appDir: "nowhere" });
    assert.equal(await host.exited, 2);
    assert.match(host.output, /^ERROR: +the app's folder is not there: ENOENT.*nowhere'\n$/);
  });
});

async function drains(host: Host, send: () => void): Promise<void> {
  const slow = host.get("/slow?ms=800");
  await isBusy(host);
  send();
  assert.equal((await slow).status, 200);
  assert.equal(await host.exited, 0);
  assert.deepEqual(host.workerPids.filter(isAlive), []);
}

async function endsAtOnce(host: Host, send: () => void | Promise<void>): Promise<void> {
  const slow = host.get("/slow?ms=15000").catch((error: Error) => error);
  await isBusy(host);
  await send();
  assert.equal(await host.exited, 0);
  assert.ok((await slow) instanceof Error);
  assert.deepEqual(host.workerPids.filter(isAlive), []);
}

async function takesWorkersAlong(host: Host, signal: NodeJS.Signals): Promise<void> {
  host.signal(signal);
  assert.equal(await host.exited, signal);
  await host.eventually("every worker has gone", () => !host.workerPids.some(isAlive), 2_000);
}

async function replaces(host: Host, signal: NodeJS.Signals, says: RegExp): Promise<void> {
  process.kill(host.workerPids[0] as number, signal);
  await isReplaced(host, says, 1);
}

async function isReplaced(host: Host, says: RegExp, workers: number): Promise<void> {
  await host.until(says);
  await host.eventually("others were started", () => host.workerPids.length === 2 + workers);
  await host.settled(2);
}
