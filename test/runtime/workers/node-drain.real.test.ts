/** How a Node worker ends: what is told to whom, and when. */
import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import net from "node:net";
import { describe, test } from "node:test";
import { nodeApp } from "../supervisor/apps.ts";
import { pause } from "../supervisor/host.ts";
import { startAsking } from "./clients.ts";
import { closesIdleAfterGrace, IDLE_GRACE_MS, LATE_MS } from "./either-kind.ts";
import { Shim } from "./shim.ts";

const { files } = await nodeApp();
const setup = { files, app: "server.ts" };

describe("a Node worker drains", { concurrency: 4 }, () => {
  test("node: clients with kept connections lose nothing when their worker drains", async (t) => {
    const shim = await Shim.ready(t, setup);
    const clients = Array.from({ length: 10 }, () => startAsking(t, shim));
    const slow = shim.get("/slow?ms=1000", { agent: new http.Agent({ keepAlive: true }) });
    await shim.eventually("all have asked", () => clients.every(({ answered }) => answered > 3) && shim.output.includes("took"));
    shim.term();
    await shim.says("draining");
    const ends = await Promise.all(clients.map(({ ended }) => ended));
    assert.deepEqual([...new Set(ends)], ["told to close"]);
    const answer = await slow;
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.connection, "close");
    assert.equal(await shim.exited, 0);
  });

  test("node: an idle connection may ask once more within its grace, then it is closed", (t) => closesIdleAfterGrace(t, setup));

  /** Answers the handshake and echoes; knows of close frames as little as possible. */
  const webSocketApp = `
  import http from "node:http";
  import { createHash } from "node:crypto";
  const server = http.createServer((_, response) => response.end("hello"));
  export default server;
  setTimeout(() => server.on("upgrade", (request, socket) => {
    const key = request.headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    const accept = createHash("sha1").update(key).digest("base64");
    socket.write("HTTP/1.1 101 Switching Protocols\\r\\nupgrade: " + request.headers.upgrade +
      "\\r\\nconnection: upgrade\\r\\nsec-websocket-accept: " + accept + "\\r\\n\\r\\n");
    socket.on("data", (data) => console.log("the app got", data.length, "bytes"));
    socket.on("close", () => console.log("the app saw it close"));
    if (request.url === "/ticks") setInterval(() => socket.write("tick"), 50);
  }), 100);`;

  test("node: a WebSocket gets 1012, so that its client comes back to another worker, and the app sees it", async (t) => {
    const shim = await Shim.ready(t, { files: { "server.ts": webSocketApp }, app: "server.ts" });
    await pause(200);
    const client = new WebSocket(`ws://127.0.0.1:${shim.socket.port}/`);
    await once(client, "open");
    client.send("hello");
    await shim.prints(/the app got 11 bytes/);
    await shim.eventually("it counts as under way", () => shim.lastBeat.active === 1 && shim.lastBeat.connections === 1);
    const startMs = performance.now();
    shim.term();
    const [{ code }] = await once(client, "close");
    assert.equal(code, 1012);
    const exit = await shim.exited;
    const tookMs = performance.now() - startMs;
    assert.equal(exit, 0);
    assert.ok(tookMs < IDLE_GRACE_MS + LATE_MS, `${tookMs} ms, although the app did not close its side`);
    assert.match(shim.output, /the app saw it close/);
  });

  test("node: what is upgraded to something else goes on until the drain's deadline", async (t) => {
    const shim = await Shim.ready(t, { files: { "server.ts": webSocketApp }, app: "server.ts", flags: ["--drain-ms=3500"] });
    await pause(200);
    const client = net.connect(shim.socket.target);
    client.write("GET /ticks HTTP/1.1\r\nhost: x\r\nupgrade: other\r\nconnection: upgrade\r\nsec-websocket-key: x\r\n\r\n");
    let received = "";
    let lastMs = 0;
    client.on("data", (data) => {
      received += data;
      lastMs = performance.now();
    });
    await shim.eventually("it ticks", () => received.includes("tick"));
    const startMs = performance.now();
    shim.term();
    assert.equal(await shim.exited, 0);
    assert.ok(lastMs - startMs > 3_000, `the last tick came after ${lastMs - startMs} ms`);
    assert.match(received, /(tick)+$/);
  });

  test("node: a request for an upgrade that the app knows nothing of is a plain request", async (t) => {
    const shim = await Shim.ready(t, setup);
    const answer = await shim.get("/", { headers: { upgrade: "websocket", connection: "upgrade" } });
    assert.equal(answer.status, 200);
  });

  test("node: an endless stream goes on until the drain's deadline, then the worker ends", async (t) => {
    const source = `export default (_, response) => {
      response.setHeader("content-type", "text/event-stream");
      setInterval(() => response.write("data: tick\\n\\n"), 50);
    };`;
    const shim = await Shim.ready(t, { files: { "server.mjs": source }, app: "server.mjs", flags: ["--drain-ms=3000"] });
    const response = await new Promise<http.IncomingMessage>((resolve) => http.get({ ...shim.socket.target, path: "/" }, resolve));
    let lastMs = 0;
    response.on("data", () => {
      lastMs = performance.now();
    });
    response.on("error", () => {});
    await once(response, "data");
    const startMs = performance.now();
    shim.term();
    assert.equal(await shim.exited, 0);
    const tookMs = performance.now() - startMs;
    assert.ok(lastMs - startMs > 2_500, `the last event came after ${lastMs - startMs} ms`);
    assert.ok(tookMs < 3_000 + 10_000, `${tookMs} ms`);
  });

  test("node: an idle connection is kept for longer than by default, as a proxy in front expects", async (t) => {
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
