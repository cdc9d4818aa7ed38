/** How many workers a machine gets. Pure: `facts.ts` reads what it needs. */
import type { WorkersConfig } from "../manifest.ts";

/** What the machine, and the control groups around this process, allow. */
export interface MachineFacts {
  /** Cores that the scheduler may put this process on. */
  readonly affinityCores: number;
  /** CPU quota in cores: the smallest on the way up the control group tree; null without one. */
  readonly quotaCores: number | null;
  /** The smallest of the machine's memory and the memory limits on the way up the tree. */
  readonly memoryMiB: number;
}

export interface Sizing {
  readonly workers: number;
  readonly cores: number;
  /** How the number came about, for people. */
  readonly reason: string;
}

/** A quota of 2.5 cores counts as 2: a third worker would only be throttled. At least 1. */
export function usableCores(facts: MachineFacts): number {
  return Math.max(1, Math.floor(Math.min(facts.affinityCores, facts.quotaCores ?? Infinity)));
}

/** min(affinity, quota) × perCore, capped by `max` and by memory ÷ budget of one worker; at least `min`, or 1. */
export function sizeWorkers(config: WorkersConfig, facts: MachineFacts): Sizing {
  const cores = usableCores(facts);
  if (config.count !== "auto") return { workers: config.count, cores, reason: `${config.count} as configured` };
  const limits = [
    { workers: Math.floor(cores * config.perCore), reason: coresReason(config, facts, cores) },
    ...(config.max === undefined ? [] : [{ workers: config.max, reason: `at most ${config.max} as configured` }]),
    ...(config.memoryMiB === undefined ? [] : [memoryLimit(config.memoryMiB, facts.memoryMiB)]),
  ];
  const tightest = limits.reduce((least, limit) => (limit.workers < least.workers ? limit : least));
  const least = config.min ?? 1;
  return tightest.workers >= least
    ? { workers: tightest.workers, cores, reason: tightest.reason }
    : { workers: least, cores, reason: `at least ${least}${config.min === undefined ? "" : " as configured"} (${tightest.reason})` };
}

function coresReason(config: WorkersConfig, facts: MachineFacts, cores: number): string {
  const counted = facts.quotaCores !== null && facts.quotaCores < facts.affinityCores;
  const what = `${cores} core${cores === 1 ? "" : "s"}${counted ? ` (CPU quota ${facts.quotaCores})` : ""}`;
  return `${what} × ${config.perCore} per core`;
}

function memoryLimit(budgetMiB: number, memoryMiB: number): { workers: number; reason: string } {
  return {
    workers: Math.floor(memoryMiB / budgetMiB),
    reason: `${Math.floor(memoryMiB)} MiB of memory ÷ ${budgetMiB} MiB for each worker`,
  };
}
