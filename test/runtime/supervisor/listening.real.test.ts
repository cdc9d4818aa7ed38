import assert from "node:assert/strict";
import { once } from "node:events";
import { realpathSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { describe, test } from "node:test";
import { nodeApp, start } from "./apps.ts";
import { isAlive, request } from "./host.ts";

describe("where it listens", () => {
  test("a unix socket left over by a killed supervisor is taken over; one in use is not", async (t) => {
    const app = await nodeApp();
    const first = start(t, app, [], { listen: ["--socket", "web.sock"] });
    await first.until(/Ready/);
    const socket = realpathSync(join(first.folder, "web.sock"));
    const second = start(t, app, [], { listen: ["--socket", socket] });
    assert.equal(await second.exited, 1);
    assert.match(second.output, /^ERROR: +cannot listen on \S+web\.sock: something else listens there \(EADDRINUSE\)\n$/);
    first.signal("SIGKILL");
    await first.exited;
    await first.eventually("its workers are gone", () => !first.workerPids.some(isAlive));
    const third = start(t, app, [], { listen: ["--socket", socket] });
    await third.until(/Ready/);
    assert.equal((await request(new URL("http://x/"), { socketPath: socket, agent: false })).status, 200);
  });

  test("a port that is taken: one line, exit code 1, nothing started", async (t) => {
    const server = net.createServer();
    await once(server.listen(0, "127.0.0.1"), "listening");
    t.after(() => server.close());
    const { port } = server.address() as net.AddressInfo;
    const host = start(t, await nodeApp(), [], { listen: ["--port", String(port)] });
    assert.equal(await host.exited, 1);
    assert.match(host.output, /^ERROR: +cannot listen on 127\.0\.0\.1:\d+: something else listens there \(EADDRINUSE\)\n$/);
  });

  test("--fd that is no socket, or nothing at all: exit code 1, and it says what it is", async (t) => {
    const host = start(t, await nodeApp(), [], { listen: ["--fd", "7"], wrapper: ["sh", "-c", 'exec 7</etc/passwd; exec "$@"', "sh"] });
    assert.equal(await host.exited, 1);
    assert.match(host.output, /descriptor 7 is no socket \(\/etc\/passwd\)/);
    const other = start(t, await nodeApp(), [], { listen: ["--fd", "600"] });
    assert.equal(await other.exited, 1);
    assert.match(other.output, /descriptor 600 is no socket \(nothing is there\)/);
  });

  test("an interpreter that isn't there: exit code 3, and it says so", async (t) => {
    const app = { ...(await nodeApp()), args: ["--asgi", "main:app", "--python", "python-of-nobody"] };
    const host = start(t, app);
    assert.equal(await host.exited, 3);
    assert.match(host.output, /python-of-nobody/);
  });
});
