/** The worker's end of the line to its supervisor: one JSON object a line. */
import { Socket } from "node:net";

export class Channel {
  readonly #socket: Socket;

  /** @param orphaned the supervisor has gone */
  constructor(fd: number, orphaned: () => void) {
    this.#socket = new Socket({ fd, readable: true, writable: true });
    this.#socket.on("error", orphaned);
    this.#socket.on("close", orphaned);
    this.#socket.on("end", orphaned);
    // The supervisor says nothing; reading is how its end is noticed.
    this.#socket.resume();
  }

  send(type: "ready" | "beat" | "draining"): void {
    this.#socket.write(`${JSON.stringify({ type })}\n`);
  }

  /** From the event loop itself: a loop that is blocked falls silent. */
  beatEvery(intervalMs: number): void {
    setInterval(() => this.send("beat"), intervalMs).unref();
  }
}
