/** What a rollout tells while it runs: for programs as they are, for people by `progress.ts` and `summary.ts`. */

import type { ReleasePart } from "../../runtime/report.ts";

/** The parts of a rollout, in order; a machine goes through those that it needs. */
export const phases = ["stage", "once", "switch", "prepare", "confirm", "back"] as const;
export type Phase = (typeof phases)[number];

export type RolloutEvent =
  | {
      event: "begin";
      /** Names this run. */
      rollout: string;
      fleet: string;
      release: string;
      who: string;
      machines: string[];
      changing: string[];
      batches: string[][];
    }
  /** The agent's own steps, and ours. */
  | { event: "step"; machine: string; step: string; text: string }
  /** A machine is through with a phase. */
  | { event: "phase"; machine: string; phase: Phase; tookMs: number; ok: boolean }
  | { event: "sent"; machine: string; what: "runtime" | ReleasePart; bytes: number }
  | { event: "end"; ok: boolean; tookMs: number; confirmWindowMs: number | null; message: string | null };

/** An event as a line of JSON has it. `afterMs` is monotonic, from the rollout's start. */
export type StampedEvent = RolloutEvent & { at: string; afterMs: number };

export type Tell = (event: RolloutEvent) => void;

/** Runs a machine's phase and tells how long it took. */
export async function timed<T>(tell: Tell, machine: string, phase: Phase, action: () => Promise<T>): Promise<T> {
  const startedMs = performance.now();
  let ok = false;
  try {
    const result = await action();
    ok = true;
    return result;
  } finally {
    tell({ event: "phase", machine, phase, tookMs: Math.round(performance.now() - startedMs), ok });
  }
}

/** Stamps events. @param startedMs of `performance.now()` */
export function stamp(event: RolloutEvent, startedMs: number): StampedEvent {
  return { at: new Date().toISOString(), afterMs: Math.round(performance.now() - startedMs), ...event };
}
