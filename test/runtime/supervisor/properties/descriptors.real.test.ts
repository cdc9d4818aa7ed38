import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { kinds, nodeApp, start } from "../apps.ts";
import { Host } from "../host.ts";
import { childrenOf, descriptorsOf, privateMiB, sharedSockets, stateOf } from "../proc.ts";

/** What is started has more descriptors than it was meant to: low ones, high ones, and any that this process has. */
const WITH_MORE = ["bash", "-c", 'exec 6</etc/passwd 9<>/etc/group 251</etc/passwd 900</etc/passwd; exec "$@"', "bash"];

describe("9. Descriptors: a worker has those that it was given; a hundred reloads leave nothing behind", () => {
  for (const { name, makeApp } of kinds) {
    test(`a worker has the supervisor's two sockets and its own pipes, whatever the supervisor inherited (${name})`, async (t) => {
      const host = start(t, await makeApp(), [], { wrapper: WITH_MORE });
      await host.until(/Ready/);
      const [parent, own] = [descriptorsOf(host.pid), descriptorsOf(host.workerPids[1] as number)];
      assert.equal(own.get(0), "/dev/null");
      for (const fd of [1, 2]) assert.match(own.get(fd) ?? "", /^(pipe|socket):/);
      assert.equal(sharedSockets(host.pid, host.workerPids[1] as number).length, 2, "only the two that it listens on");
      for (const fd of [3, 4]) assert.ok([...parent.values()].includes(own.get(fd) ?? ""), `descriptor ${fd} is shared`);
      // Above are those that the interpreter has opened by itself: an epoll, an eventfd, a pipe for wake-ups.
      assert.deepEqual(
        [...own].filter(([fd, where]) => fd > 5 && (where === "/etc/passwd" || where === "/etc/group")),
        [],
      );
    });

    test(`systemd's variables stay out of the app (${name})`, async (t) => {
      const systemd = {
        LISTEN_PID: "1",
        LISTEN_FDS: "1",
        LISTEN_FDNAMES: "x",
        WATCHDOG_PID: "1",
        WATCHDOG_USEC: "1000000",
        NOTIFY_SOCKET: undefined,
      };
      const host = start(t, await makeApp(), ["--workers", "1"], { env: systemd });
      await host.until(/Ready/);
      const { env } = JSON.parse((await host.get("/env")).body) as { env: Record<string, string> };
      assert.deepEqual(
        Object.keys(systemd).filter((variable) => variable in env),
        [],
      );
    });
  }

  test("a command on the shared socket has that one, and nothing else", async (t) => {
    const args = ["--workers", "1", "--ready-after-ms", "200", "--", "sleep", "1000", "{fd}"];
    const host = new Host(t, { files: {}, args: ["--listen", "fd", ...args], wrapper: WITH_MORE });
    await host.until(/Ready/);
    assert.deepEqual([...descriptorsOf(host.workerPids[0] as number).keys()], [0, 1, 2, 3]);
  });

  test("a hundred reloads: as many descriptors and processes as before, no zombie, hardly more memory", async (t) => {
    const host = start(t, await nodeApp(), ["--workers", "1"]);
    await host.until(/Ready/);
    for (let warm = 0; warm < 10; warm++) await host.reload();
    await host.settled(1);
    const before = { fds: descriptorsOf(host.pid).size, memoryMiB: privateMiB(host.pid) };
    for (let reload = 0; reload < 100; reload++) await host.reload();
    await host.settled(1);
    await host.eventually("no descriptor has leaked", () => descriptorsOf(host.pid).size <= before.fds);
    const children = childrenOf(host.pid);
    assert.deepEqual(children, [host.workerPids.at(-1)]);
    assert.deepEqual(
      children.filter((pid) => stateOf(pid) === "Z"),
      [],
    );
    const grownMiB = privateMiB(host.pid) - before.memoryMiB;
    t.diagnostic(`memory grew by ${grownMiB.toFixed(1)} MiB`);
    assert.ok(grownMiB < 12, `${grownMiB} MiB more`);
    assert.equal(host.workerPids.length, 111);
  });
});
