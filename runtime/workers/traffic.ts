/** What goes on in an http server. Asked for on every request, so that it must cost next to nothing. */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Counts } from "./channel.ts";

export class Traffic {
  readonly connections = new Set<Socket>();
  /** Not closed yet. */
  readonly responses = new Set<ServerResponse>();
  /** Connections that went over to WebSocket, each with what had been written to it before. */
  readonly webSockets = new Map<Socket, number>();
  readonly #began: (response: ServerResponse) => void;
  readonly #limit: number;
  readonly #limitReached: () => void;
  #answered = 0;

  /**
   * @param began called for each request before the app gets it
   * @param limit calls `limitReached` when this many are answered
   */
  constructor(began: (response: ServerResponse) => void, limit: number, limitReached: () => void) {
    this.#began = began;
    this.#limit = limit;
    this.#limitReached = limitReached;
  }

  watch(server: Server): void {
    server.on("connection", (socket: Socket) => this.#opened(socket));
    server.prependListener("request", this.#onRequest);
    this.#followUpgrades(server);
  }

  counts(): Counts {
    return { requests: this.#answered, active: this.responses.size + this.webSockets.size, connections: this.connections.size };
  }

  #opened(socket: Socket): void {
    this.connections.add(socket);
    socket.once("close", () => {
      this.connections.delete(socket);
      this.webSockets.delete(socket);
    });
  }

  readonly #onRequest = (_request: IncomingMessage, response: ServerResponse): void => {
    this.#began(response);
    this.responses.add(response);
    response.on("close", () => this.#closed(response));
  };

  #closed(response: ServerResponse): void {
    this.responses.delete(response);
    if (!response.writableEnded) return;
    this.#answered += 1;
    if (this.#answered === this.#limit) this.#limitReached();
  }

  /** A server with a listener for upgrades lets Node hand them over, so that it gets ours only when it has one of its own. */
  #followUpgrades(server: Server): void {
    const follow = (request: IncomingMessage, socket: Socket): void => {
      if (/^websocket$/i.test(request.headers.upgrade ?? "")) this.webSockets.set(socket, socket.bytesWritten);
    };
    const theirs = (): number => server.listeners("upgrade").filter((listener) => listener !== follow).length;
    const match = (): void => {
      server.off("upgrade", follow);
      if (theirs() > 0) server.prependListener("upgrade", follow);
    };
    match();
    for (const change of ["newListener", "removeListener"]) {
      // `newListener` comes before the listener is there. No upgrade can come in between.
      server.on(change, (event, listener) => void (event === "upgrade" && listener !== follow && process.nextTick(match)));
    }
  }
}
