/** What workers say to the supervisor: one JSON object a line, on descriptor `workerFd.channel`. */
import type { WorkerEvent } from "./worker-states.ts";

/** What a worker counts by itself. */
export interface Counts {
  /** Answered so far. */
  readonly requests: number;
  /** Under way. */
  readonly active: number;
  /** Open. */
  readonly connections: number;
}

export interface WorkerMessage {
  readonly event: WorkerEvent;
  /** With a beat of a worker that counts. */
  readonly counts: Counts | null;
}

const eventOf: ReadonlyMap<unknown, WorkerEvent> = new Map([
  ["ready", "ready"],
  ["beat", "beat"],
  ["draining", "leaving"],
  // It has answered as many requests as it may.
  ["spent", "recycle"],
]);

/** Null for a line that is not ours, which is no reason to fall over. */
export function parseMessage(line: string): WorkerMessage | null {
  try {
    const message = JSON.parse(line) as Record<string, unknown> | null;
    const event = eventOf.get(message?.type);
    return event === undefined || message === null ? null : { event, counts: countsOf(message) };
  } catch {
    return null;
  }
}

function countsOf({ requests, active, connections }: Record<string, unknown>): Counts | null {
  if (typeof requests !== "number" || typeof active !== "number" || typeof connections !== "number") return null;
  return { requests, active, connections };
}
