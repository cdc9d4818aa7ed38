/** Ends an http server without losing a request: its own `close` cuts idle kept connections at once, requests and all. */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import net from "node:net";
import { listenOn } from "./node-app.ts";

/** A client whose connection is idle for this long has missed its chance to be told `Connection: close`. */
const IDLE_GRACE_MS = 2_000;
/** No connection for this long: nothing that was accepted is on its way to the server object, either. */
const QUIET_MS = 200;
const POLL_MS = 50;

export class Drain {
  readonly #server: Server;
  readonly #timeoutMs: number;
  readonly #started: () => void;
  readonly #listeners: net.Server[] = [];
  readonly #connections = new Set<net.Socket>();
  readonly #responses = new Set<ServerResponse>();
  #running: Promise<void> | undefined;

  /** @param started called when it stops accepting */
  constructor(server: Server, timeoutMs: number, started: () => void) {
    this.#server = server;
    this.#timeoutMs = timeoutMs;
    this.#started = started;
    this.#listeners.push(server);
    server.on("connection", (socket: net.Socket) => this.#watch(socket));
    // Before the app's own listeners, which may answer at once.
    server.prependListener("request", (_request: IncomingMessage, response: ServerResponse) => this.#follow(response));
  }

  /** The same server on one more inherited socket. */
  async alsoListen(fd: number): Promise<void> {
    const listener = net.createServer((socket) => this.#server.emit("connection", socket));
    this.#listeners.push(listener);
    await listenOn(listener, fd);
  }

  /** Resolves when no connection is left, or at the deadline. However often it is called, it drains once. */
  run(): Promise<void> {
    this.#running ??= this.#run();
    return this.#running;
  }

  async #run(): Promise<void> {
    this.#started();
    const startedMs = performance.now();
    for (const listener of this.#listeners) if (listener.listening) net.Server.prototype.close.call(listener);
    for (const response of this.#responses) sayClose(response);
    let quietSinceMs = startedMs;
    for (;;) {
      const nowMs = performance.now();
      if (this.#connections.size > 0) quietSinceMs = nowMs;
      if (nowMs - quietSinceMs >= QUIET_MS || nowMs - startedMs >= this.#timeoutMs) return;
      if (nowMs - startedMs >= IDLE_GRACE_MS) this.#server.closeIdleConnections();
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  #watch(socket: net.Socket): void {
    this.#connections.add(socket);
    socket.once("close", () => this.#connections.delete(socket));
  }

  #follow(response: ServerResponse): void {
    if (this.#running !== undefined) sayClose(response);
    this.#responses.add(response);
    response.once("close", () => this.#responses.delete(response));
  }
}

function sayClose(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader("connection", "close");
}
