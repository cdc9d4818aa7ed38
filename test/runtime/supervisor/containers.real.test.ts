import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { nodeApp, start, withModule } from "./apps.ts";
import type { Host } from "./host.ts";
import { commandLineOf, descendantsOf, innerPidOf, isAlive, killIfThere, stateOf } from "./proc.ts";

/** As a container does: process 1 of a namespace of its own; what is left of it ends with `unshare`. */
const CONTAINER = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"];

/** Each worker has a child in a session of its own, which outlives it, and ends by itself soon after. */
const WITH_ORPHANS = `
import { spawn } from "node:child_process";
spawn("sh", ["-c", "sleep 2"], { detached: true, stdio: "ignore" });
`;

describe("in a container", () => {
  test("under tini: no zombie is left of workers and what they have started, and TERM stops it with code 0", async (t) => {
    const app = await nodeApp();
    const host = start(t, withModule(app, WITH_ORPHANS + app.files[app.module]), [], { wrapper: [...CONTAINER, "tini", "--"] });
    await host.until(/Ready/);
    const [tini = 0] = descendantsOf(host.pid);
    assert.equal(innerPidOf(tini), 1);
    const workers = descendantsOf(host.pid).filter((pid) => host.workerPids.includes(innerPidOf(pid)));
    assert.equal(workers.length, 2);
    for (const pid of workers) killIfThere(pid);
    await host.eventually("both were replaced", () => host.workerPids.length === 4);
    const orphans = (): number[] => descendantsOf(tini).filter((pid) => commandLineOf(pid).includes("sleep 2"));
    await host.eventually("orphans are tini's by now", () => orphans().length > 0);
    await host.settled(2);
    await host.eventually("they have ended, too", () => orphans().length === 0);
    await host.eventually("nobody is a zombie", () => zombiesOf(host).length === 0, 3_000);
    process.kill(tini, "SIGTERM");
    assert.equal(await host.exited, 0);
    assert.ok(!isAlive(tini));
  });

  test("as process 1, without an init: exit code 1, and it says what to do", async (t) => {
    const host = start(t, await nodeApp(), [], { wrapper: CONTAINER });
    assert.equal(await host.exited, 1);
    assert.match(
      host.output,
      /^ERROR: +fleethost can't be process 1, .*\n +ENTRYPOINT \["tini", "--", "fleethost", "run", …\] .*docker run --init …\n$/,
    );
  });
});

const zombiesOf = (host: Host): number[] => descendantsOf(host.pid).filter((pid) => stateOf(pid) === "Z");
