import assert from "node:assert/strict";
import { test } from "node:test";
import { Host } from "../supervisor/host.ts";

const args = ["--node", "server.ts", "--workers", "1"];

test("a worker under the supervisor answers on the shared socket and on its direct one", async (t) => {
  const source = `export default (_: unknown, response: any) => response.end("hello");`;
  const host = new Host(t, { files: { "server.ts": source }, args });
  await host.until(/Ready/);
  assert.equal((await host.get("/")).body, "hello");
  assert.equal((await host.ask("direct.sock", "/")).body, "hello");
  host.signal("SIGTERM");
  assert.equal(await host.exited, 0);
});

test("behind a proxy, Node's limit for a whole request is off; on a port it stays, and so does one of the app's own", async (t) => {
  const limit = async (listen: readonly string[] | undefined, own = ""): Promise<string> => {
    const source = `import http from "node:http";
const server = http.createServer((_, response) => response.end(String(server.requestTimeout)));
${own}
export default server;`;
    const app = { files: { "server.mjs": source }, args: ["--node", "server.mjs", "--workers", "1"] };
    const host = new Host(t, { ...app, ...(listen && { listen }) });
    await host.until(/Ready/);
    return listen === undefined ? (await host.get("/")).body : (await host.ask("web.sock", "/")).body;
  };
  assert.equal(await limit(["--socket", "web.sock"]), "0");
  assert.equal(await limit(["--socket", "web.sock"], "server.requestTimeout = 7_000;"), "7000");
  assert.equal(await limit(undefined), "300000");
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
