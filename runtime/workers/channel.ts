/** The worker's end of the line to its supervisor: one JSON object a line. */
import { Socket } from "node:net";

/** What a beat tells besides that the event loop turns. */
export interface Counts {
  /** Answered so far. */
  readonly requests: number;
  /** Requests under way, open WebSockets among them. */
  readonly active: number;
  /** Open connections, idle ones too. */
  readonly connections: number;
}

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

  send(type: "ready" | "beat" | "spent" | "draining", counts?: Counts): void {
    this.#socket.write(`${JSON.stringify({ type, ...counts })}\n`);
  }

  /** Now and then again, from the event loop itself: a loop that is blocked falls silent. */
  beatEvery(intervalMs: number, counts: () => Counts): void {
    const beat = (): void => this.send("beat", counts());
    beat();
    setInterval(beat, intervalMs).unref();
  }

  /** It alone does not keep the process from ending any more. */
  release(): void {
    this.#socket.unref();
  }
}
