/** What the real Caddy believes of clients and takes from them, with the configuration that machines get. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, request, type RequestOptions, type Server } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { caddyBinary } from "../../../infra/offline/caddy.ts";
import { type Https, limitsSchema } from "../../../runtime/https.ts";
import { until } from "../../support/poll.ts";
import { socketsFolder, startCaddy } from "./caddy-process.ts";
import { sampleManifest } from "./sample-manifest.ts";
import { canConnect, end, freePort } from "./slots-rig.ts";

interface Rig extends AsyncDisposable {
  readonly port: number;
}

/** Answers with the headers that it got, when it has the body; `/stream`: a piece now, one after a while; `/early`: before the body. */
function app(): Server {
  return createServer(async (incoming, response) => {
    if (incoming.url === "/early") return response.writeHead(401).end();
    if (incoming.url === "/stream") {
      response.write("now, ");
      await sleep(4_000);
      return response.end("later");
    }
    try {
      const received = (await text(incoming)).length;
      response.end(JSON.stringify({ ...incoming.headers, received }));
    } catch {
      // The client has gone, or sends more than it may.
      response.destroy();
    }
  });
}

async function startRig(https: Partial<Https>): Promise<Rig> {
  const binary = await caddyBinary(process.arch === "arm64" ? "arm64" : "x64", { say: () => undefined });
  const root = mkdtempSync(join(tmpdir(), "fw-clients-"));
  const port = await freePort();
  const { caddy } = startCaddy(binary, root, sampleManifest({ https: { mode: "none", httpPort: port, ...https } }));
  const server = app().listen(join(socketsFolder(root), "shop.sock"));
  await until("Caddy answers", () => canConnect({ port, host: "127.0.0.1" }), 60_000);
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      await end(caddy, "SIGKILL");
      server.closeAllConnections();
      server.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
}

interface Answer {
  status: number | undefined;
  body: string;
  connection: string | undefined;
}

function ask({ port }: Rig, options: RequestOptions = {}, body?: Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ port, host: "127.0.0.1", agent: false, ...options }, async (response: IncomingMessage) =>
      resolve({ status: response.statusCode, body: await text(response).catch(String), connection: response.headers.connection }),
    );
    // What was refused need not be read to its end.
    outgoing.on("error", reject).end(body);
  });
}

const seen = async (rig: Rig, headers: Record<string, string>): Promise<Record<string, string>> =>
  JSON.parse((await ask(rig, { headers })).body) as Record<string, string>;

/** What a client may write to be taken for another one. */
const LIES = {
  "X-Forwarded-For": "203.0.113.66, 198.51.100.7",
  "X-Forwarded-Proto": "https",
  "X-Forwarded-Host": "evil.example",
  "X-Forwarded-Port": "1",
  "X-Forwarded-User": "root",
  "X-Real-IP": "203.0.113.66",
  Forwarded: "for=203.0.113.66;proto=https",
};

const forwarded = (headers: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => /forwarded|real-ip/.test(name)));

test("what a client says about itself doesn't reach the app, which is told its real address and scheme", async () => {
  await using rig = await startRig({});
  assert.deepEqual(forwarded(await seen(rig, { ...LIES, Host: "shop.example" })), {
    "x-forwarded-for": "127.0.0.1",
    "x-forwarded-host": "shop.example",
    "x-forwarded-proto": "http",
  });
});

test("a trusted balancer is believed, but not what a client told it", async () => {
  await using rig = await startRig({ trustedProxies: ["127.0.0.0/8", "fd00::/8", "198.51.100.7/32"] });
  const told = { ...LIES, "X-Forwarded-For": "192.0.2.1, 203.0.113.66, 198.51.100.7", Host: "shop.example" };
  assert.deepEqual(forwarded(await seen(rig, told)), {
    "x-forwarded-for": "203.0.113.66",
    "x-forwarded-host": "shop.example",
    "x-forwarded-proto": "https",
    "x-forwarded-port": "1",
    "x-forwarded-user": "root",
  });
  assert.equal((await seen(rig, {}))["x-forwarded-for"], "127.0.0.1", "the balancer's own questions");
});

test("where others are trusted, this client is not", async () => {
  await using rig = await startRig({ trustedProxies: ["10.0.0.0/8"] });
  const { "x-forwarded-for": address, "x-forwarded-proto": scheme, "x-forwarded-user": user } = await seen(rig, LIES);
  assert.deepEqual([address, scheme, user], ["127.0.0.1", "http", undefined]);
});

const SHORT_MS = 2_500;
const small = limitsSchema.parse({
  headerKiB: 2,
  bodyMiB: 1,
  headerTimeoutMs: SHORT_MS,
  readTimeoutMs: SHORT_MS,
  writeTimeoutMs: SHORT_MS,
  idleTimeoutMs: SHORT_MS,
});

test("headers over their limit are refused with 431", async () => {
  await using rig = await startRig({ limits: small });
  assert.equal((await ask(rig, { headers: { "X-Long": "a".repeat(1_500) } })).status, 200);
  const { status, connection } = await ask(rig, { headers: { "X-Long": "a".repeat(8_000) } });
  assert.deepEqual([status, connection], [431, "close"]);
});

test("a body over its limit is refused with 413, whether its length was told before or not; one below is not", async () => {
  await using rig = await startRig({ limits: small });
  const MiB = 1024 * 1024;
  const fits = await ask(rig, { method: "POST" }, Buffer.alloc(MiB));
  assert.deepEqual([fits.status, JSON.parse(fits.body).received], [200, MiB]);
  assert.equal((await raw(rig, `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${MiB + 1}\r\n\r\n`)).slice(0, 12), "HTTP/1.1 413");
  const chunk = `${(64 * 1024).toString(16)}\r\n${"a".repeat(64 * 1024)}\r\n`;
  const chunked = `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${chunk.repeat(32)}0\r\n\r\n`;
  const answer = await raw(rig, chunked);
  assert.equal(answer.slice(0, 12), "HTTP/1.1 413");
  assert.match(answer, /^Connection: close\r$/im);
});

test("a client that is slow with its headers or stays idle is cut off", async () => {
  await using rig = await startRig({ limits: small });
  assert.equal(await raw(rig, "GET / HTTP/1.1\r\nHost: a\r\nX-Slow: "), "");
  assert.match(await raw(rig, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"), /^HTTP\/1\.1 200/);
});

test("the connection of a client that stalls in its body is closed: what it sends later is no request of its own", async () => {
  // If it stayed open, it would be for longer than `raw` waits.
  await using rig = await startRig({ limits: { ...small, idleTimeoutMs: 3_600_000 } });
  for (const path of ["/", "/early"]) {
    const answer = await raw(rig, `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc`);
    assert.doesNotMatch(answer, /HTTP\/1\.1 2/, path);
  }
});

test("a slow client that goes on sending isn't, nor one that waits for the next piece of an answer", async () => {
  await using rig = await startRig({ limits: small });
  assert.equal((await ask(rig, { path: "/stream" })).body, "now, later");
  const received = await new Promise<string>((resolve, reject) => {
    const outgoing = request({ port: rig.port, host: "127.0.0.1", agent: false, method: "POST" }, async (response) =>
      resolve(JSON.parse(await text(response)).received),
    ).on("error", reject);
    void (async () => {
      for (let piece = 0; piece < 15; piece++) {
        outgoing.write("0123456789");
        await sleep(300);
      }
      outgoing.end();
    })();
  });
  assert.equal(received, 150);
});

/** Sends text as it is, and waits for the end of the connection. @returns what came */
function raw({ port }: Rig, what: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let came = "";
    const socket = connect({ port, host: "127.0.0.1" });
    socket.setEncoding("latin1").on("data", (chunk) => (came += chunk));
    // What it sends into a connection that is being closed fails; what came before counts.
    socket.on("error", () => undefined).on("close", () => resolve(came));
    socket.setTimeout(60_000, () => reject(new Error(`the connection was not closed; so far came: ${came}`)));
    socket.write(what);
  });
}
