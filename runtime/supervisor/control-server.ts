/** The supervisor's control socket: HTTP on a unix socket, for the agent, `fleethost status` and the like, and people with curl. */
import { lstatSync } from "node:fs";
import type { IncomingMessage, RequestListener, Server, ServerResponse } from "node:http";
import net from "node:net";
import * as z from "../zod.ts";
import type { Outcome } from "../supervisor-report.ts";
import type { Controls } from "./controls.ts";
import { RunFailure, supervisorExit } from "./exit.ts";
import { removeStaleSocket } from "./stale-socket.ts";

/** Far more than any question needs. */
const BODY_LIMIT_BYTES = 4_096;
const CONNECTIONS_LIMIT = 64;
/** For those who wait for an outcome to read it, after the supervisor has ended. */
const FAREWELL_MS = 500;
/** sun_path of unix(7), without its final zero. */
const LONGEST_PATH_BYTES = 107;

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly allow?: string;
}

type Method = "GET" | "POST";
type Ask = (controls: Controls, body: string) => Answer | Promise<Answer>;

const questions: Readonly<Record<string, { readonly method: Method; readonly ask: Ask }>> = {
  "/status": { method: "GET", ask: (controls) => json(200, controls.status()) },
  "/metrics": { method: "GET", ask: metrics },
  "/reload": { method: "POST", ask: async (controls) => outcomeAnswer(await controls.reload()) },
  "/scale": { method: "POST", ask: scale },
};

/**
 * Listens there until it is closed.
 *
 * @param path a socket that nobody listens on any more is replaced; its folder must be there
 * @returns what closes and removes it, when those who wait for an outcome have it: await it before the process exits
 * @throws RunFailure when it can't listen there, as another supervisor does, or something that is no socket is in the way
 */
export async function serveControl(path: string, controls: Controls): Promise<() => Promise<void>> {
  await makeRoom(path);
  const waiting = new Set<Promise<void>>();
  const ended = Promise.withResolvers<Answer>();
  const http = onceAsked((request, response) => {
    const answered = Promise.race([answerTo(request, controls), ended.promise]).then((answer) => send(response, answer));
    waiting.add(answered);
    void answered.finally(() => waiting.delete(answered));
  });
  const { server, cutAll } = socketServer((socket) => http().emit("connection", socket));
  await listen(server, path);
  server.unref();
  return async () => {
    server.close();
    // After those outcomes that are known by now: what still waits would wait for ever.
    await new Promise(setImmediate);
    ended.resolve(json(409, { ok: false, text: "The supervisor stopped before that was done" } satisfies Outcome));
    const patience = setTimeout(cutAll, FAREWELL_MS);
    await Promise.all(waiting);
    clearTimeout(patience);
    cutAll();
  };
}

/** Neither the socket nor somebody who asks must keep a stopped supervisor alive. */
function socketServer(take: (socket: net.Socket) => void): { server: net.Server; cutAll: () => void } {
  const connections = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    connections.add(socket.once("close", () => connections.delete(socket)));
    socket.unref();
    take(socket);
  });
  server.maxConnections = CONNECTIONS_LIMIT;
  return { server, cutAll: () => connections.forEach((socket) => socket.destroy()) };
}

/** Node's HTTP is loaded for the first one who asks: most supervisors are never asked, and have 2 MiB less. */
function onceAsked(answer: RequestListener): () => Server {
  let server: Server | undefined;
  return () => {
    // Not an import, which would load all that Node offers beside it (WebSocket, and fetch with it): 12 MiB.
    server ??= process.getBuiltinModule("node:http").createServer(answer);
    return server;
  };
}

async function makeRoom(path: string): Promise<void> {
  if (Buffer.byteLength(path) > LONGEST_PATH_BYTES) throw cannot(path, `a socket's path has at most ${LONGEST_PATH_BYTES} bytes`);
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw cannot(path, "something that is no socket is there; remove it, or choose another path");
  if (!(await removeStaleSocket(path))) throw cannot(path, "another supervisor listens there; choose another path");
}

async function listen(server: net.Server, path: string): Promise<void> {
  // From the moment it is there, it is for our user and group only.
  const umask = process.umask(0o117);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(path, resolve);
      process.umask(umask);
    });
  } catch (error) {
    throw cannot(path, (error as Error).message);
  } finally {
    process.umask(umask);
  }
}

const cannot = (path: string, why: string): RunFailure =>
  new RunFailure(supervisorExit.cannotStart, `cannot make the control socket ${path}: ${why}`);

/** Never rejects. */
async function answerTo(request: IncomingMessage, controls: Controls): Promise<Answer> {
  const path = request.url?.split("?")[0] ?? "";
  const question = questions[path];
  if (question === undefined) return refusal(404, `There is no ${path}. ${whatToAsk()}`);
  if (request.method !== question.method) {
    return { ...refusal(405, `${path} wants ${question.method}. ${whatToAsk()}`), allow: question.method };
  }
  try {
    const body = await readBody(request);
    return body === null ? refusal(413, `The body has at most ${BODY_LIMIT_BYTES} bytes`) : await question.ask(controls, body);
  } catch (error) {
    return refusal(500, `A fault in the supervisor: ${(error as Error).message}`);
  }
}

function whatToAsk(): string {
  return `What can be asked: ${Object.entries(questions)
    .map(([path, { method }]) => `${method} ${path}`)
    .join(", ")}`;
}

/** Null when it is too long. */
async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_LIMIT_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

const scaleSchema = z.strictObject({ workers: z.int().check(z.minimum(1)) });

async function scale(controls: Controls, body: string): Promise<Answer> {
  const asked = scaleSchema.safeParse(parsed(body));
  if (!asked.success) return refusal(400, 'POST /scale wants a body like {"workers": 4}: a whole number, at least 1, and nothing else');
  return outcomeAnswer(await controls.scale(asked.data.workers));
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** Loaded when somebody asks: most supervisors are never scraped, and it costs memory. */
async function metrics(controls: Controls): Promise<Answer> {
  const { renderMetrics } = await import("./metrics.ts");
  return { status: 200, ...(await renderMetrics(controls.status())) };
}

const outcomeAnswer = (outcome: Outcome): Answer => json(outcome.ok ? 200 : 409, outcome);

const refusal = (status: number, error: string): Answer => json(status, { error });

const json = (status: number, body: object): Answer => ({ status, type: "application/json", body: `${JSON.stringify(body)}\n` });

/** Done when the answer is with the kernel, or the one who asked has gone. */
function send(response: ServerResponse, { status, type, body, allow }: Answer): Promise<void> {
  return new Promise((resolve) => {
    response.once("close", resolve).once("error", () => resolve());
    if (response.destroyed) return resolve();
    response.writeHead(status, { "content-type": type, connection: "close", ...(allow === undefined ? {} : { allow }) });
    response.end(body);
  });
}
