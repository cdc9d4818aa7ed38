/** What a Node worker says of itself, to the supervisor and in its log. */
import assert from "node:assert/strict";
import net from "node:net";
import { describe, test } from "node:test";
import { nodeApp } from "../supervisor/apps.ts";
import { beatsCount, saysSpentOnce } from "./either-kind.ts";
import { Shim } from "./shim.ts";

const { files } = await nodeApp();
const setup = { files, app: "server.ts" };

describe("a Node worker tells", { concurrency: 4 }, () => {
  test("node: a beat follows ready at once, however rare beats are", async (t) => {
    const shim = await Shim.ready(t, { ...setup, flags: ["--beat-ms=60000"] });
    await shim.says("beat");
    assert.deepEqual(shim.messages, [{ type: "ready" }, { type: "beat", requests: 0, active: 0, connections: 0 }]);
  });

  test("node: beats count requests answered, requests under way, and connections", (t) => beatsCount(t, setup));

  test("node: a request whose client went away is not under way any more, and not answered", async (t) => {
    const shim = await Shim.ready(t, setup);
    const client = net.connect(shim.socket.target, () => client.write("GET /slow?ms=60000 HTTP/1.1\r\nhost: x\r\n\r\n"));
    await shim.eventually("it is under way", () => shim.lastBeat.active === 1);
    client.destroy();
    await shim.eventually("it is gone", () => shim.lastBeat.active === 0 && shim.lastBeat.connections === 0);
    assert.equal(shim.lastBeat.requests, 0);
  });

  test("node: spent is said once, at --max-requests, and it serves on", (t) => saysSpentOnce(t, setup));

  test("node: no access log, unless it is asked for: method, path, status and duration", async (t) => {
    const quiet = await Shim.ready(t, setup);
    const talking = await Shim.ready(t, { ...setup, flags: ["--access-log"] });
    for (const shim of [quiet, talking]) await shim.get("/?q=1");
    await talking.prints(/^GET \/\?q=1 200 \d+\.\d ms$/m);
    const client = net.connect(talking.socket.target, () => client.write("GET /slow?ms=60000 HTTP/1.1\r\nhost: x\r\n\r\n"));
    await talking.prints(/took/);
    client.destroy();
    await talking.prints(/^GET \/slow\?ms=60000 aborted \d+\.\d ms$/m);
    assert.doesNotMatch(quiet.output, /GET/);
  });

  test("node: connections that come before the module is loaded to its end are counted, and drained", async (t) => {
    const source = `
      import http from "node:http";
      http.createServer((_, response) => setTimeout(() => response.end("hello"), 1000)).listen(1, () => console.log("early"));
      await new Promise((resolve) => setTimeout(resolve, 400));`;
    const shim = await Shim.start(t, { files: { "server.ts": source }, app: "server.ts" });
    await shim.prints(/early/);
    const early = shim.get("/");
    await shim.says("beat");
    assert.deepEqual(shim.lastBeat, { type: "beat", requests: 0, active: 1, connections: 1 });
    shim.term();
    assert.equal((await early).body, "hello");
    assert.equal(await shim.exited, 0);
  });
});
