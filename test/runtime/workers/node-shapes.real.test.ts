/** Everything that a Node app's module can be. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { describe, test } from "node:test";
import { shapes } from "./node-apps.ts";
import { SharedSocket, Shim } from "./shim.ts";

const failures: readonly [what: string, source: string, said: RegExp][] = [
  ["a number", "export default 42;", /server\.ts: its default export is of type number\. It should be a handler/],
  ["an https.Server", exported("https", "createServer({})"), /a server for HTTPS, but workers get plain HTTP/],
  ["an HTTP/2 server", exported("http2", "createServer()"), /a server for HTTP\/2, but workers get plain HTTP/],
  ["an HTTP/2 server with TLS", exported("http2", "createSecureServer({})"), /a server for HTTP\/2, but/],
  ["a module that throws", `throw new Error("no table of prices");`, /no table of prices/],
  ["a module that ends the process", "process.exit(0);", /server\.ts: not started, because it ended the process/],
];

describe("a Node module", { concurrency: 4 }, () => {
  for (const where of ["tcp", "unix"] as const) {
    // Where it listens matters only to a module that listens itself.
    const those = where === "tcp" ? shapes : shapes.filter(({ source }) => source.includes("listen("));
    for (const { what, file = "server.ts", source, says, saysAtEnd } of those) {
      test(`on a ${where} socket, a Node module can be ${what}`, async (t) => {
        const shim = await Shim.ready(t, { files: { [file]: source }, app: file, socket: await SharedSocket[where](t) });
        assert.equal((await shim.get("/")).body, "hello");
        if (says !== undefined) await shim.prints(says);
        await shim.eventually("one is counted", () => shim.lastBeat.requests === 1);
        assert.equal(listeners(shim.pid), 1);
        shim.term();
        assert.equal(await shim.exited, 0);
        if (saysAtEnd !== undefined) assert.match(shim.output, saysAtEnd);
      });
    }
  }

  for (const [what, source, said] of failures) {
    test(`a Node module can't be ${what}: exit code 3, and the reason`, async (t) => {
      const shim = await Shim.start(t, { files: { "server.ts": source }, app: "server.ts" });
      assert.equal(await shim.exited, 3);
      assert.match(shim.output, said);
    });
  }

  test("a module that listens with a server for HTTPS or HTTP/2 only is told so", async (t) => {
    const source = `
      import http2 from "node:http2";
      http2.createServer().listen(0);
      (await import("node:https")).createServer({}).listen(0);`;
    const shim = await Shim.start(t, { files: { "server.ts": source }, app: "server.ts" });
    await shim.prints(/server for HTTP\/2, which is left alone[^]*server for HTTPS, which is left alone/);
    await shim.prints(/no default export; waiting for it to call listen/);
  });

  test("another server of the app, with another handler, listens where it says", async (t) => {
    const source = `
      import http from "node:http";
      http.createServer((_, response) => response.end("hello")).listen(3000);
      const metrics = http.createServer((_, response) => response.end("metrics"));
      metrics.listen(0, "127.0.0.1", () => console.log("metrics on", metrics.address().port));`;
    const shim = await Shim.ready(t, { files: { "server.ts": source }, app: "server.ts" });
    await shim.prints(/metrics on \d+/);
    const port = /metrics on (\d+)/.exec(shim.output)?.[1];
    assert.equal((await shim.get("/", { port })).body, "metrics");
    assert.equal((await shim.get("/")).body, "hello");
  });

  test("an error that the app does not catch ends the worker, and not with 0", async (t) => {
    const source = `export default () => { setTimeout(() => { throw new Error("unforeseen"); }, 1); };`;
    const shim = await Shim.ready(t, { files: { "server.ts": source }, app: "server.ts" });
    await assert.rejects(shim.get("/"));
    assert.equal(await shim.exited, 1);
    assert.match(shim.output, /unforeseen/);
  });

  test("a second small write does not wait for the client's delayed ACK, whatever the socket that was given", async (t) => {
    const source = `export default (_, response) => {
      response.write("a");
      setTimeout(() => {
        response.write("b");
        response.end("c");
      }, 1);
    };`;
    const shim = await Shim.ready(t, { files: { "server.mjs": source }, app: "server.mjs", socket: SharedSocket.bare(t) });
    const startMs = performance.now();
    for (let number = 0; number < 20; number++) await shim.get("/");
    const tookMs = performance.now() - startMs;
    assert.ok(tookMs < 20 * 30, `${tookMs / 20} ms each`);
  });
});

/** How many sockets of a process listen: as `ss` tells, for TCP and unix. */
function listeners(pid: number): number {
  const lines = execFileSync("ss", ["-Hlnptx"], { encoding: "utf8" }).split("\n");
  return lines.filter((line) => line.includes(`pid=${pid},`)).length;
}

function exported(module: string, made: string): string {
  return `import module from "node:${module}"; export default module.${made};`;
}
