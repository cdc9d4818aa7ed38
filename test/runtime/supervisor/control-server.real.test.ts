import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { lstatSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { askReload, askScale, askStatus, ControlFailure } from "../../../runtime/supervisor/control-client.ts";
import { serveControl } from "../../../runtime/supervisor/control-server.ts";
import { pythonForTests } from "../../support/venv.ts";
import { AskedControls, leaveStaleSocket } from "./asked-controls.ts";
import { sampleStatus } from "./sample-status.ts";

async function served(t: TestContext): Promise<{ path: string; folder: string; asked: AskedControls; close: () => Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), "fw-control-"));
  const path = join(folder, "control.sock");
  const asked = new AskedControls();
  const close = await serveControl(path, asked);
  t.after(async () => {
    await close();
    rmSync(folder, { recursive: true });
  });
  return { path, folder, asked, close };
}

interface Answer {
  readonly status: number | undefined;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
}

function send(socketPath: string, method: string, path: string, body = ""): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.request({ socketPath, method, path, agent: false }, async (response) => {
      const text = (await response.setEncoding("utf8").toArray()).join("");
      resolve({ status: response.statusCode, headers: response.headers, text });
    });
    request.on("error", reject).end(body);
  });
}

test("the status comes through socket, schema and client as the supervisor gave it; only its user and group may ask", async (t) => {
  const { path } = await served(t);
  assert.deepEqual(await askStatus(path), sampleStatus());
  assert.equal(lstatSync(path).mode & 0o777, 0o660);
});

test("a reload is answered when its outcome is known, and by its status", async (t) => {
  const { path, asked } = await served(t);
  let known = false;
  const waiting = askReload(path, 10_000).finally(() => {
    known = true;
  });
  await asked.untilAsked();
  await askStatus(path);
  assert.equal(known, false);
  asked.reloads[0]?.resolve({ ok: false, text: "A new worker did not become ready" });
  assert.deepEqual(await waiting, { ok: false, text: "A new worker did not become ready" });
  const good = send(path, "POST", "/reload");
  const bad = send(path, "POST", "/reload");
  while (asked.reloads.length < 3) await new Promise(setImmediate);
  asked.reloads[1]?.resolve({ ok: true, text: "Reloaded" });
  asked.reloads[2]?.resolve({ ok: false, text: "No" });
  assert.deepEqual([(await good).status, (await bad).status].sort(), [200, 409]);
});

test("scaling takes a whole number of workers, and nothing else", async (t) => {
  const { path, asked } = await served(t);
  assert.deepEqual(await askScale(path, 3, 5_000), { ok: true, text: "3 workers are ready" });
  assert.deepEqual(await askScale(path, 9, 5_000), { ok: false, text: "At most 8 as configured" });
  for (const body of ["", "3", "{}", '{"workers":0}', '{"workers":1.5}', '{"workers":"2"}', '{"workers":2,"more":1}', "{"]) {
    const answer = await send(path, "POST", "/scale", body);
    assert.equal(answer.status, 400, body);
    assert.match((JSON.parse(answer.text) as { error: string }).error, /\{"workers": 4\}/);
  }
  assert.deepEqual(asked.scaledTo, [3, 9]);
});

test("what can't be asked is answered with what can", async (t) => {
  const { path } = await served(t);
  const unknown = await send(path, "GET", "/");
  assert.equal(unknown.status, 404);
  assert.match(unknown.text, /GET \/status, GET \/metrics, POST \/reload, POST \/scale/);
  const wrong = await send(path, "GET", "/reload");
  assert.deepEqual([wrong.status, wrong.headers.allow], [405, "POST"]);
  assert.equal((await send(path, "DELETE", "/status?x=1")).headers.allow, "GET");
});

test("a body has an end: one that is too long is refused, before the rest of it has come", { timeout: 10_000 }, async (t) => {
  const { path, asked } = await served(t);
  const client = net.connect(path);
  client.write(`POST /scale HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n${"x".repeat(5_000)}`);
  const [answer] = (await once(client, "data")) as [Buffer];
  assert.match(answer.toString(), /^HTTP\/1\.1 413 /);
  client.destroy();
  assert.deepEqual(asked.scaledTo, []);
});

test("a fault in answering is told, and is no end of the server", async (t) => {
  const { path, asked } = await served(t);
  asked.scale = () => {
    throw new Error("broken");
  };
  await assert.rejects(askScale(path, 2, 5_000), /500.*broken/);
  assert.equal((await askStatus(path)).pid, 100);
});

test("those who hang up, or talk nonsense, do no harm", async (t) => {
  const { path, asked } = await served(t);
  const half = "POST /scale HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n{";
  for (const words of ["", half, "\0\0\0", "POST /reload HTTP/1.1\r\nHost: x\r\n\r\n"]) {
    const client = net.connect(path);
    client.on("error", () => {});
    await once(client, "connect");
    client.write(words);
    if (words.startsWith("POST /reload")) await asked.untilAsked();
    client.destroy();
  }
  asked.reloads[0]?.resolve({ ok: true, text: "Reloaded" });
  assert.equal((await askStatus(path)).pid, 100);
});

test("who waits for a reload when the supervisor stops has an answer; the socket is gone", async (t) => {
  const { path, folder, asked, close } = await served(t);
  const known = askReload(path, 10_000);
  const unknown = askReload(path, 10_000);
  while (asked.reloads.length < 2) await new Promise(setImmediate);
  asked.reloads[0]?.resolve({ ok: false, text: "Stopping" });
  await close();
  const texts = [(await known).text, (await unknown).text].sort();
  assert.deepEqual(texts, ["Stopping", "The supervisor stopped before that was done"]);
  assert.deepEqual(readdirSync(folder), []);
});

test("closing waits for nobody who holds a connection and says nothing", async (t) => {
  const { path, close } = await served(t);
  const silent = net.connect(path);
  silent.on("error", () => {});
  await once(silent, "connect");
  const startedMs = performance.now();
  await close();
  assert.ok(performance.now() - startedMs < 2_000);
  await once(silent, "close");
});

test("a socket that a killed supervisor left is replaced; one in use, a file, and a path too long are told", async (t) => {
  const { path, folder, asked } = await served(t);
  await assert.rejects(serveControl(path, asked), /another supervisor listens there/);
  assert.equal((await askStatus(path)).pid, 100);
  const file = join(folder, "file");
  writeFileSync(file, "precious");
  await assert.rejects(serveControl(file, asked), /no socket is there/);
  await assert.rejects(serveControl(join(folder, "x".repeat(120)), asked), /at most 107 bytes/);
  await assert.rejects(serveControl(join(folder, "none", "a.sock"), asked), /cannot make the control socket/);
  const stale = join(folder, "stale.sock");
  await leaveStaleSocket(stale);
  const close = await serveControl(stale, asked);
  assert.equal((await askStatus(stale)).pid, 100);
  await close();
});

test("a supervisor too busy to take a connection is not taken for a dead one", async (t) => {
  const { folder, asked } = await served(t);
  const path = join(folder, "busy.sock");
  const program = `require("net").createServer().listen({ path: ${JSON.stringify(path)}, backlog: 1 }, () => console.log("up"))`;
  const busy = spawn(process.execPath, ["-e", program]);
  t.after(() => busy.kill("SIGKILL"));
  await once(busy.stdout, "data");
  busy.kill("SIGSTOP");
  const queue = Array.from({ length: 5 }, () => net.connect(path).on("error", () => {}));
  t.after(() => queue.map((client) => client.destroy()));
  await assert.rejects(serveControl(path, asked), /another supervisor listens there/);
  assert.ok(lstatSync(path).isSocket());
});

test("the client says why there is no answer", async (t) => {
  const { path, folder } = await served(t);
  const trouble = (asking: Promise<unknown>): Promise<string> =>
    asking.then(
      () => "none",
      (error: ControlFailure) => error.trouble,
    );
  assert.equal(await trouble(askReload(path, 50)), "timeout");
  assert.equal(await trouble(askStatus(join(folder, "none.sock"))), "absent");
  const stale = join(folder, "stale.sock");
  await leaveStaleSocket(stale);
  assert.equal(await trouble(askStatus(stale)), "absent");
  const other = http.createServer((_request, response) => response.end("what?")).listen(join(folder, "other.sock"));
  const rude = net.createServer((socket) => socket.destroy()).listen(join(folder, "rude.sock"));
  t.after(() => (other.close(), rude.close()));
  assert.equal(await trouble(askStatus(join(folder, "other.sock"))), "unclear");
  assert.equal(await trouble(askStatus(join(folder, "rude.sock"))), "gone");
});

test("Prometheus' own parser reads the metrics", async (t) => {
  const { path } = await served(t);
  const answer = await send(path, "GET", "/metrics");
  assert.equal(answer.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
  const { python, packages } = await pythonForTests(["prometheus-client==0.26.0"]);
  const running = promisify(execFile)(python, ["-c", PARSE], { env: { ...process.env, PYTHONPATH: packages } });
  running.child.stdin?.end(answer.text);
  const families = JSON.parse((await running).stdout) as Record<string, { type: string; help: string; samples: number }>;
  assert.equal(families.fleetwright_restarts?.type, "counter");
  assert.equal(families.fleetwright_worker_requests?.type, "counter");
  assert.equal(families.fleetwright_worker_memory_bytes?.type, "gauge");
  assert.equal(families.fleetwright_worker_up?.samples, 3);
  for (const [name, { help, type }] of Object.entries(families)) assert.ok(help !== "" && type !== "unknown", name);
});

const PARSE = `
import json, sys
from prometheus_client.parser import text_string_to_metric_families as parse
print(json.dumps({f.name: {"type": f.type, "help": f.documentation, "samples": len(f.samples)} for f in parse(sys.stdin.read())}))
`;
