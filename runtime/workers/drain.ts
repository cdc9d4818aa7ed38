/**
 * Ends an http server without losing a request: its own `close` cuts idle kept connections at once, requests and all.
 *
 * Nothing is accepted any more. What was accepted is answered, with `Connection: close`. After 2 s, idle connections are
 * closed, and WebSockets get the close code 1012 (service restart); one that is still open a second later is cut. Streams,
 * server-sent events among them, and other upgraded connections go on until the deadline.
 */
import type { Server, ServerResponse } from "node:http";
import net from "node:net";
import { listenOn } from "./listening.ts";
import type { Traffic } from "./traffic.ts";

/** A client whose connection is idle for this long has missed its chance to be told `Connection: close`. */
const IDLE_GRACE_MS = 2_000;
/** No connection for this long: nothing that was accepted is on its way to the server object, either. */
const QUIET_MS = 200;
const POLL_MS = 50;
/** For a WebSocket's client to answer the close frame. */
const CLOSE_FRAME_MS = 1_000;
/** FIN, opcode 8, two bytes: 1012. A server's frames are not masked. */
const CLOSE_1012 = Buffer.from([0x88, 0x02, 0x03, 0xf4]);

export class Drain {
  readonly #server: Server;
  readonly #traffic: Traffic;
  readonly #listeners: net.Server[];

  constructor(server: Server, traffic: Traffic) {
    this.#server = server;
    this.#traffic = traffic;
    this.#listeners = [server];
  }

  /** The same server on one more inherited socket. */
  async alsoListen(fd: number): Promise<void> {
    const listener = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#server.emit("connection", socket));
    this.#listeners.push(listener);
    await listenOn(listener, fd);
  }

  /** From now on nothing is accepted. */
  close(): void {
    for (const listener of this.#listeners) if (listener.listening) net.Server.prototype.close.call(listener);
  }

  /** Once it is closed. Resolves when no connection is left, or at the deadline. */
  async run(timeoutMs: number): Promise<void> {
    const { connections, responses, webSockets } = this.#traffic;
    const startedMs = performance.now();
    for (const response of responses) sayClose(response);
    const told = new Set<net.Socket>();
    let quietSinceMs = startedMs;
    for (;;) {
      const nowMs = performance.now();
      const waitedMs = nowMs - startedMs;
      if (connections.size > 0) quietSinceMs = nowMs;
      if (nowMs - quietSinceMs >= QUIET_MS || waitedMs >= timeoutMs) return;
      if (waitedMs >= IDLE_GRACE_MS) this.#server.closeIdleConnections();
      if (waitedMs >= IDLE_GRACE_MS) for (const [socket, before] of webSockets) tellRestart(socket, before, told);
      if (waitedMs >= IDLE_GRACE_MS + CLOSE_FRAME_MS) for (const socket of told) socket.destroySoon();
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
}

/** To be called for responses that begin while it drains. */
export function sayClose(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader("connection", "close");
}

/** Frames are written whole, so that one may be put between any two of them, once the handshake has been written. */
function tellRestart(socket: net.Socket, writtenBefore: number, told: Set<net.Socket>): void {
  if (told.has(socket) || socket.bytesWritten === writtenBefore || !socket.writable) return;
  told.add(socket);
  // An app that writes on is no reason to die.
  socket.on("error", () => {});
  socket.write(CLOSE_1012);
}
