import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { type TestContext, test } from "node:test";
import { Host, isAlive, request } from "./host.ts";

/** A server in plain JavaScript that listens where it is told to by its argument or its environment, and ends gracefully. */
const SERVER = `
const http = require("node:http");
const where = process.argv[2] ?? process.env.PORT;
const server = http.createServer((request, response) => {
  if (request.url === "/up" && !require("node:fs").existsSync("up")) response.statusCode = 503;
  if (request.url === "/block") for (;;);
  response.end(JSON.stringify({ pid: process.pid, env: process.env }));
});
server.listen(where.startsWith("fd:") ? { fd: Number(where.slice(3)) } : where);
process.on("SIGTERM", () => server.close());
`;

function start(t: TestContext, args: readonly string[], argv: readonly string[], listen: readonly string[] = ["--port", "0"]): Host {
  return new Host(t, { files: { "server.cjs": SERVER }, args: ["--workers", "2", ...args, "--", ...argv], listen, appDir: true });
}

/** Two ports that are free, or were a moment ago. */
async function freePort(): Promise<number> {
  const server = net.createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

const ask = (address: string, path = "/") =>
  address.startsWith("/")
    ? request(new URL(path, "http://x"), { socketPath: address, agent: false })
    : request(new URL(path, `http://${address}`), { agent: false });

const addressesOf = (host: Host): string[] => [...host.output.matchAll(/\(slot \d+\) on (\S+)/g)].map((match) => match[1] ?? "");

test("a command on the shared socket: it has the descriptor, and systemd's variables with its own pid", async (t) => {
  const host = start(t, ["--ready-after-ms", "300"], ["node", "server.cjs", "fd:{fd}"]);
  await host.until(/Ready: 2 of 2/);
  const { pid, env } = JSON.parse((await host.get("/")).body);
  assert.ok(host.workerPids.includes(pid));
  assert.deepEqual([env.LISTEN_FDS, env.LISTEN_PID], ["1", String(pid)]);
  host.signal("SIGTERM");
  assert.equal(await host.exited, 0);
});

const ACCEPTS_ONLY = `
import socket, sys
listener = socket.socket(fileno=int(sys.argv[1]))
listener.setblocking(True)
while True:
    connection, _ = listener.accept()
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 5\\r\\nConnection: close\\r\\n\\r\\nhello")
    connection.close()
`;

test("a command that only accepts gets a socket that listens already, whoever made it", async (t) => {
  for (const listen of [
    ["--port", "0"],
    ["--socket", "web.sock"],
  ]) {
    const files = { "accepts.py": ACCEPTS_ONLY };
    const host = new Host(t, { files, args: ["--workers", "2", "--ready-after-ms", "100", "--", "python3", "accepts.py", "{fd}"], listen });
    await host.until(/Ready: 2 of 2/);
    const socketPath = `${host.folder}/web.sock`;
    const answer = listen[0] === "--port" ? await host.get("/") : await request(new URL("http://x/"), { socketPath, agent: false });
    assert.equal(answer.body, "hello");
  }
});

test("commands with ports of their own: the first slot has the port that was asked for, PORT says which", async (t) => {
  const port = await freePort();
  const host = start(t, ["--listen", "port"], ["node", "server.cjs"], ["--port", String(port)]);
  await host.until(/Ready: 2 of 2 workers on addresses of their own/);
  assert.deepEqual(addressesOf(host), [`127.0.0.1:${port}`, `127.0.0.1:${port + 1}`]);
  for (const [index, address] of addressesOf(host).entries()) {
    assert.equal(JSON.parse((await ask(address)).body).pid, host.workerPids[index]);
  }
});

test("a reload of commands with sockets of their own: each old one still answers until the new one is listed", async (t) => {
  const host = start(t, [], ["node", "server.cjs", "{socket}"]);
  await host.until(/Ready: 2 of 2/);
  const [first = "", second = ""] = addressesOf(host);
  host.signal("SIGHUP");
  await host.eventually("a third one started", () => host.workerPids.length === 3);
  assert.equal((await ask(first)).status, 200);
  await host.until(/Reloaded: 2 of 2/);
  const [, , third = "", fourth = ""] = addressesOf(host);
  assert.equal(new Set([first, second, third]).size, 3);
  for (const address of [third, fourth]) assert.equal((await ask(address)).status, 200);
  await assert.rejects(ask(second));
  assert.ok(!host.workerPids.slice(0, 2).some(isAlive));
});

test("a probe says when a command is ready, and kills one that stops answering", async (t) => {
  const args = ["--probe", "/up", "--liveness-timeout-ms", "1000"];
  const host = start(t, args, ["node", "server.cjs", "{socket}"]);
  await host.eventually("two were started", () => addressesOf(host).length === 2);
  const [first = ""] = addressesOf(host);
  await host.eventually("one answers", () =>
    ask(first).then(
      () => true,
      () => false,
    ),
  );
  assert.doesNotMatch(host.output, /Ready/);
  host.write("up", "");
  await host.until(/Ready: 2 of 2/);
  await assert.rejects(ask(first, "/block"));
  await host.until(/its probe was unanswered for more than 1000 ms; killed and replaced/);
  await host.eventually("a third one is there", () => host.workerPids.length === 3);
});

test("a command without a socket is kept alive, and its children end with it", async (t) => {
  const host = start(t, ["--ready-after-ms", "200"], ["sh", "-c", 'sleep 1000 & echo "child $!"; wait']);
  await host.until(/Ready: 2 of 2 workers on no socket/);
  const [, child = 0] = /child (\d+)/.exec(host.output) ?? [];
  process.kill(host.workerPids[0] as number, "SIGKILL");
  await host.until(/was killed by SIGKILL by somebody after \d+\.\d s; replaced/);
  await host.eventually("a third worker was started", () => host.workerPids.length === 3);
  await host.eventually("its child has gone", () => !isAlive(Number(child)));
});

test("a program that isn't there: exit code 3, and it says so", async (t) => {
  const host = start(t, [], ["program-of-nobody", "{fd}"]);
  assert.equal(await host.exited, 3);
  assert.match(host.output, /program-of-nobody/);
});

test("a command that ends with code 0 is no crash: it is started again", async (t) => {
  const host = start(t, ["--workers", "1", "--ready-after-ms", "100"], ["sh", "-c", "sleep 1.3"]);
  await host.eventually("a third one was started", () => host.workerPids.length >= 3);
  assert.match(host.output, /exited with code 0 after 1\.\d s; replaced/);
  assert.doesNotMatch(host.output, /next worker in/);
});
