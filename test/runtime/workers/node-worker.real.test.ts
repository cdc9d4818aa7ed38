import assert from "node:assert/strict";
import { test } from "node:test";
import { Host } from "../supervisor/host.ts";

const args = ["--node", "server.ts", "--workers", "1"];

/** Modules that all shall answer "hello". */
const shapes: readonly [what: string, source: string][] = [
  ["a handler", `export default (_: unknown, response: any) => response.end("hello");`],
  ["an http.Server", `import http from "node:http"; export default http.createServer((_, response) => response.end("hello"));`],
  [
    "a server that listens itself, on a port of its own choice",
    `
    import http from "node:http";
    const server = http.createServer((_, response) => response.end("hello"));
    server.listen(1, "203.0.113.7", () => console.log("listening as it thinks"));`,
  ],
  [
    "a server that is started only after something else was waited for",
    `
    import http from "node:http";
    setTimeout(() => http.createServer((_, response) => response.end("hello")).listen(1), 100);`,
  ],
  [
    "an app like Fastify's, with ready() and server",
    `
    import http from "node:http";
    let isReady = false;
    export default {
      server: http.createServer((_, response) => response.end(isReady ? "hello" : "too early")),
      async ready() { isReady = true; },
      async close() { console.log("closed by its own close"); },
    };`,
  ],
  [
    "CommonJS compiled from TypeScript",
    `
    import { createRequire } from "node:module";
    import { writeFileSync } from "node:fs";
    writeFileSync("built.cjs", "exports.__esModule = true; exports.default = (_, response) => response.end('hello');");
    export default createRequire(import.meta.url)("./built.cjs");`,
  ],
];

for (const [what, source] of shapes) {
  test(`a Node module can be ${what}`, async (t) => {
    const host = new Host(t, { files: { "server.ts": source }, args });
    await host.until(/Ready/);
    assert.equal((await host.get("/")).body, "hello");
    assert.equal((await host.ask("direct.sock", "/")).body, "hello");
    if (source.includes("callback") || source.includes("as it thinks")) await host.until(/listening as it thinks/);
    host.signal("SIGTERM");
    assert.equal(await host.exited, 0);
    if (source.includes("close()")) assert.match(host.output, /closed by its own close/);
  });
}

test("a module that exports something else: exit code 3, and it says what it should have been", async (t) => {
  const host = new Host(t, { files: { "server.ts": "export default 42;" }, args });
  assert.equal(await host.exited, 3);
  assert.match(host.output, /server\.ts: its default export is of type number\. It should be a handler/);
});

test("a module that isn't there: exit code 3, and it is named", async (t) => {
  const host = new Host(t, { files: {}, args });
  assert.equal(await host.exited, 3);
  assert.match(host.output, /Cannot find module .*server\.ts/);
});

test("a worker that never becomes ready is killed at its boot deadline, and the start has failed", async (t) => {
  const host = new Host(t, {
    files: { "server.ts": "await new Promise(() => setInterval(() => {}, 1000));" },
    args: [...args, "--boot-timeout-ms", "700"],
  });
  assert.equal(await host.exited, 3);
  assert.match(host.output, /was not ready after 700 ms and was killed/);
  assert.equal(host.workerPids.length, 1);
});
