/** How an ASGI worker ends: what is told to whom, and when. */
import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import net from "node:net";
import { describe, test } from "node:test";
import { pause } from "../supervisor/host.ts";
import { longLived, standardPython } from "./asgi-apps.ts";
import { startAsking } from "./clients.ts";
import { closesIdleAfterGrace } from "./either-kind.ts";
import { Shim } from "./shim.ts";

const setup = { files: { "main.py": longLived }, app: "main:app" };

describe("an ASGI worker drains", { concurrency: 4 }, () => {
  for (const [what, python] of [
    ["h11", undefined],
    ["httptools", standardPython],
  ] as const) {
    test(`asgi on ${what}: clients with kept connections lose nothing when their worker drains`, async (t) => {
      const shim = await Shim.ready(t, { ...setup, ...(python === undefined ? {} : { python: await python() }) });
      const clients = Array.from({ length: 10 }, () => startAsking(t, shim));
      const slow = shim.get("/slow?ms=1000", { agent: new http.Agent({ keepAlive: true }) });
      await shim.eventually("all have asked", () => clients.every(({ answered }) => answered > 3) && shim.output.includes("took"));
      shim.term();
      await shim.says("draining");
      const ends = await Promise.all(clients.map(({ ended }) => ended));
      // Each was told on an answer, and found nobody when it came back with a new connection.
      assert.deepEqual([...new Set(ends)], ["told to close"]);
      const answer = await slow;
      assert.equal(answer.status, 200);
      assert.equal(answer.headers.connection, "close");
      assert.equal(await shim.exited, 0);
      assert.match(shim.output, /lifespan ended/);
    });
  }

  test("asgi: an idle connection may ask once more within its grace, then it is closed", (t) => closesIdleAfterGrace(t, setup));

  test("asgi: a WebSocket gets 1012, so that its client comes back to another worker, and the app sees it", async (t) => {
    const shim = await Shim.ready(t, { ...setup, python: await standardPython() });
    const client = new WebSocket(`ws://127.0.0.1:${shim.socket.port}/ws`);
    await once(client, "open");
    client.send("hello");
    assert.equal((await once(client, "message"))[0].data, "hello");
    await shim.eventually("it counts as under way", () => shim.lastBeat.active === 1 && shim.lastBeat.connections === 1);
    shim.term();
    const [{ code }] = await once(client, "close");
    assert.equal(code, 1012);
    assert.equal(await shim.exited, 0);
    assert.match(shim.output, /the app saw 1012[^]*lifespan ended/);
  });

  test("asgi: an endless stream goes on until the drain's deadline, then it is cancelled", async (t) => {
    const shim = await Shim.ready(t, { ...setup, flags: ["--drain-ms=3000"] });
    const response = await new Promise<http.IncomingMessage>((resolve) => http.get({ ...shim.socket.target, path: "/stream" }, resolve));
    let lastMs = 0;
    response.on("data", () => {
      lastMs = performance.now();
    });
    response.on("error", () => {});
    await once(response, "data");
    shim.term();
    const startMs = performance.now();
    assert.equal(await shim.exited, 0);
    const tookMs = performance.now() - startMs;
    assert.ok(lastMs - startMs > 2_500, `the last event came after ${lastMs - startMs} ms`);
    assert.ok(tookMs < 3_000 + 10_000, `it took ${tookMs} ms: not by its deadline`);
    assert.match(shim.output, /the stream has ended[^]*lifespan ended/);
  });

  test("asgi: an idle connection is kept for longer than by default, as a proxy in front expects", async (t) => {
    const shim = await Shim.ready(t, setup);
    const client = net.connect(shim.socket.target);
    for (const waitMs of [0, 6_500]) {
      await pause(waitMs);
      client.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
      assert.match(String(await once(client, "data")), /200 OK/);
    }
    client.destroy();
  });
});
