/** Clients of each protocol, which hold on to what they have while a worker or a release is replaced. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { ClientRequest, IncomingMessage } from "node:http";
import http2 from "node:http2";
import { request, type RequestOptions } from "node:https";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import tls from "node:tls";
import { type PythonForTests, pythonForTests } from "./venv.ts";

/** Where to ask: a machine by its address, and the root that its certificate leads to. */
export interface Site {
  readonly address: string;
  readonly caFile: string;
  readonly ca: string;
}

const ASK_MS = 60_000;
const BETWEEN_MS = 50;
/** For what is held while a worker is replaced. */
const HELD_MS = 300_000;

/** What a client that asks again and again on one connection has seen. */
export interface Asked {
  asked: number;
  failures: unknown[];
  /** Distinct ones. */
  bodies: string[];
}

export interface Answer {
  status: number | undefined;
  body: string;
  /** Links of early hints that came before it. */
  hints: unknown[];
}

function open(site: Site, path: string, options: RequestOptions = {}): ClientRequest {
  return request({ host: site.address, ca: site.ca, path, agent: false, ...options });
}

async function answerOf(outgoing: ClientRequest, timeoutMs = ASK_MS): Promise<Answer> {
  const hints: unknown[] = [];
  outgoing.on("information", ({ headers }) => hints.push(headers["link"]));
  const [response] = (await once(outgoing, "response", { signal: AbortSignal.timeout(timeoutMs) })) as [IncomingMessage];
  return { status: response.statusCode, body: await text(response), hints };
}

/** One request on a connection of its own, HTTP/1.1. */
export async function ask(site: Site, path: string, headers: Record<string, string> = {}): Promise<Answer & { from: string | undefined }> {
  const outgoing = open(site, path, { headers });
  const connected = once(outgoing, "socket");
  outgoing.end();
  const answer = await answerOf(outgoing);
  const [socket] = (await connected) as [tls.TLSSocket];
  return { ...answer, from: socket.localAddress };
}

const SLOW_PIECE = Buffer.alloc(1024, "a");
const PIECE = Buffer.alloc(1024 * 1024, "a");

function* pieces(MiB: number): Generator<Buffer> {
  for (let sent = 0; sent < MiB; sent++) yield PIECE;
}

export async function upload(site: Site, MiB: number): Promise<string> {
  const outgoing = open(site, "/upload", { method: "POST", headers: { "content-type": "application/octet-stream" } });
  Readable.from(pieces(MiB)).pipe(outgoing);
  return (await answerOf(outgoing)).body;
}

/** A slow upload that goes on until it is told to come to its end. */
export class SlowUpload {
  readonly #outgoing: ClientRequest;
  readonly #answer: Promise<Answer>;
  readonly #sending: NodeJS.Timeout;
  #sent = 0;

  constructor(site: Site) {
    this.#outgoing = open(site, "/upload", { method: "POST", headers: { "content-type": "application/octet-stream" } });
    this.#answer = answerOf(this.#outgoing, HELD_MS);
    this.#answer.catch(() => undefined).finally(() => clearInterval(this.#sending));
    this.#send();
    this.#sending = setInterval(() => this.#send(), BETWEEN_MS);
  }

  #send(): void {
    this.#sent += SLOW_PIECE.length;
    this.#outgoing.write(SLOW_PIECE);
  }

  /** @returns the answer, and how many bytes were sent */
  async finish(): Promise<{ body: string; sent: number }> {
    clearInterval(this.#sending);
    this.#outgoing.end();
    return { body: (await this.#answer).body, sent: this.#sent };
  }
}

/** Server-sent events, as they come. */
export class Events {
  readonly seen: string[] = [];
  ended = false;
  readonly #outgoing: ClientRequest;

  private constructor(outgoing: ClientRequest, response: IncomingMessage) {
    this.#outgoing = outgoing;
    response.on("data", (chunk: Buffer) => this.seen.push(...(chunk.toString().match(/\d+/g) ?? [])));
    response.on("error", () => undefined).on("close", () => (this.ended = true));
  }

  static async open(site: Site): Promise<Events> {
    const outgoing = open(site, "/events").on("error", () => undefined);
    outgoing.end();
    const [response] = (await once(outgoing, "response", { signal: AbortSignal.timeout(ASK_MS) })) as [IncomingMessage];
    return new Events(outgoing, response);
  }

  close(): void {
    this.#outgoing.destroy();
  }
}

/** A WebSocket whose messages the app sends back. */
export class Socket {
  readonly #socket: WebSocket;
  /** The code that it was closed with. */
  readonly closed: Promise<number>;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => socket.addEventListener("close", ({ code }) => resolve(code)));
  }

  static async open(site: Site): Promise<Socket> {
    // There is no other way to tell Node's client whom to trust.
    tls.setDefaultCACertificates([site.ca]);
    const socket = new WebSocket(`wss://${site.address}/ws`);
    const all = new Socket(socket);
    await once(socket, "open", { signal: AbortSignal.timeout(ASK_MS) });
    return all;
  }

  async say(what: string): Promise<string> {
    const answer = once(this.#socket, "message", { signal: AbortSignal.timeout(ASK_MS) });
    this.#socket.send(what);
    return ((await answer) as [MessageEvent])[0].data as string;
  }

  close(): void {
    this.#socket.close();
  }
}

/** One HTTP/2 connection. */
export class Http2 {
  readonly #session: http2.ClientHttp2Session;
  readonly #seen: Asked = { asked: 0, failures: [], bodies: [] };
  #stopped = false;
  #asking: Promise<void> | undefined;

  constructor({ address, ca }: Site) {
    this.#session = http2.connect(`https://${address}`, { ca });
    this.#session.on("error", (error) => this.#seen.failures.push(error));
    this.#session.on("goaway", (code) => this.#seen.failures.push(`goaway ${code}`));
  }

  async ask(path: string, body?: Readable): Promise<Answer> {
    const method = body === undefined ? "GET" : "POST";
    const stream = this.#session.request({ ":path": path, ":method": method, "content-type": "application/octet-stream" });
    const hints: unknown[] = [];
    stream.on("headers", (headers) => hints.push(headers["link"]));
    if (body === undefined) stream.end();
    else body.pipe(stream);
    const [headers] = (await once(stream, "response", { signal: AbortSignal.timeout(ASK_MS) })) as [{ ":status"?: number }];
    return { status: headers[":status"], body: await text(stream), hints };
  }

  upload(MiB: number): Promise<Answer> {
    return this.ask("/upload", Readable.from(pieces(MiB)));
  }

  /** Begins to ask again and again, until `stop`. */
  start(): void {
    this.#asking = (async () => {
      while (!this.#stopped) {
        this.#seen.asked++;
        const answer = await this.ask("/").catch((error: unknown) => ({ status: 0, body: String(error) }));
        if (answer.status !== 200) this.#seen.failures.push(answer);
        else if (!this.#seen.bodies.includes(answer.body)) this.#seen.bodies.push(answer.body);
        await sleep(BETWEEN_MS);
      }
    })();
  }

  async stop(): Promise<Asked> {
    this.#stopped = true;
    await this.#asking;
    const seen = { ...this.#seen };
    this.#session.destroy();
    return seen;
  }
}

/** To be called before any of `openHttp3`, which has no time to wait for it. */
export const prepareHttp3 = (): Promise<PythonForTests> => pythonForTests(["aioquic==1.7.2"]);

const HTTP3_CLIENT = join(import.meta.dirname, "../fleet/protocols/http3_client.py");

/** One HTTP/3 connection, of a client in Python: Node has none. It uploads once, then asks until it is stopped. */
export async function openHttp3({ address, caFile }: Site, uploadBytes: number): Promise<() => Promise<Asked & { upload: string }>> {
  const { python, packages } = await prepareHttp3();
  const child = spawn(python, [HTTP3_CLIENT, address, caFile, String(uploadBytes)], { env: { ...process.env, PYTHONPATH: packages } });
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (errors += chunk));
  const exited = once(child, "exit");
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error(`the HTTP/3 client ended:\n${errors}`);
    return value;
  };
  await next();
  return async () => {
    child.stdin.end();
    const seen = JSON.parse(await next()) as Asked & { upload: string };
    await exited;
    return seen;
  };
}
