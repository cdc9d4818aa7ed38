/** Whether a new generation fits beside the old one, or has to take its place worker by worker. Pure. */

/** How a switch brings the new generation's workers up. */
export type ShiftPlan =
  /** All of them, then the old ones end. */
  | { readonly kind: "beside" }
  /** One, then one up, one down, until all are new: there is room for one more only. */
  | { readonly kind: "workerByWorker" }
  /** Not even one more fits. */
  | { readonly kind: "short"; readonly needMiB: number; readonly availableMiB: number };

export interface MemoryFacts {
  /** What the machine can still give (MemAvailable of proc_meminfo(5)). */
  readonly availableMiB: number;
  /** The largest worker of the old generation; null when it isn't known. */
  readonly workerMiB: number | null;
  /** How many workers the new generation will have, as far as the old one tells. */
  readonly workers: number;
}

/** The supervisor itself. */
const SUPERVISOR_MIB = 64;
/** A new release may be somewhat larger than the old one. */
const GROWTH = 1.25;

/** @param surge `one`: worker by worker in any case */
export function planShift(surge: "auto" | "one", { availableMiB, workerMiB, workers }: MemoryFacts): ShiftPlan {
  if (workerMiB === null) return { kind: surge === "one" ? "workerByWorker" : "beside" };
  const needMiB = (count: number): number => Math.ceil(SUPERVISOR_MIB + count * workerMiB * GROWTH);
  if (availableMiB < needMiB(1)) return { kind: "short", needMiB: needMiB(1), availableMiB: Math.floor(availableMiB) };
  return surge === "one" || availableMiB < needMiB(workers) ? { kind: "workerByWorker" } : { kind: "beside" };
}

/** MiB out of /proc/meminfo's text; everything when it isn't there: who can't tell must not refuse. */
export function availableMiB(meminfo: string): number {
  const kib = /^MemAvailable:\s+(\d+) kB$/m.exec(meminfo)?.[1];
  return kib === undefined ? Infinity : Number(kib) / 1024;
}

export interface Side {
  readonly wanted: number;
  readonly target: number;
}

/** The next number of workers of one side. */
export type ShiftStep = { readonly side: "from" | "to"; readonly workers: number } | { readonly side: "done" };

/**
 * One down on the side that goes, then one up on the side that comes: never more than one worker above what there was,
 * never fewer than before. The last one of the side that goes ends with its supervisor.
 * @param from undefined when it doesn't run any more
 * @param downDone whether the side that goes has made room for the next one already
 */
export function nextShift(from: Side | undefined, to: Side, downDone: boolean): ShiftStep {
  if (to.wanted >= to.target) return { side: "done" };
  if (!downDone && from !== undefined && from.wanted > 1) return { side: "from", workers: from.wanted - 1 };
  return { side: "to", workers: to.wanted + 1 };
}
