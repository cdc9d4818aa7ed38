/** What workers say to the supervisor: one JSON object a line, on descriptor `workerFd.channel`. */
import type { WorkerEvent } from "./worker-states.ts";

const eventOf: ReadonlyMap<unknown, WorkerEvent> = new Map([
  ["ready", "ready"],
  ["beat", "beat"],
  ["draining", "leaving"],
]);

/** The event that a line stands for; null for one that is not ours, which is no reason to fall over. */
export function parseMessage(line: string): WorkerEvent | null {
  try {
    return eventOf.get((JSON.parse(line) as { type?: unknown } | null)?.type) ?? null;
  } catch {
    return null;
  }
}
