/** What a worker's end means: for people, and for the counters. Pure. */
import type { RestartReason } from "../supervisor-report.ts";

/** How a process ended; `code` and `signal` are both null when it could not even be started. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Death {
  readonly reason: RestartReason;
  /** Goes on from "Worker [235] (slot 1): ". */
  readonly text: string;
  /** It ended by itself with code 0. */
  readonly clean: boolean;
}

export interface Circumstances {
  readonly wasReady: boolean;
  readonly uptimeMs: number;
  /** The kernel has killed somebody for want of memory lately. */
  readonly oomKill: boolean;
}

/** The end of a worker that we had not asked to end. */
export function describeDeath(ending: Ending, { wasReady, uptimeMs, oomKill }: Circumstances): Death {
  const outOfMemory = ending.signal === "SIGKILL" && oomKill;
  const when = wasReady ? `after ${seconds(uptimeMs)}` : `before it was ready, after ${seconds(uptimeMs)}`;
  const clean = wasReady && ending.code === 0;
  const reason = !wasReady && !outOfMemory ? "bootFailed" : outOfMemory ? "outOfMemory" : clean ? "finished" : "crashed";
  return { reason, clean, text: `${describeEnding(ending, outOfMemory)} ${when}` };
}

function describeEnding({ code, signal }: Ending, outOfMemory: boolean): string {
  if (outOfMemory) return "was killed by SIGKILL, likely out of memory: the kernel has just killed a process for that,";
  if (signal === "SIGKILL") return "was killed by SIGKILL by somebody";
  if (signal !== null) return `was ended by ${signal}`;
  return code === null ? "could not be started" : `exited with code ${code}`;
}

export const seconds = (durationMs: number): string => `${(durationMs / 1000).toFixed(1)} s`;
