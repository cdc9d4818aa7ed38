/** What every agent command works with. Made once in `command.ts`; tests make their own. */
import { readFile } from "node:fs/promises";
import type { Paths } from "./paths.ts";
import type { Reporter } from "./reporter.ts";
import type { Run } from "./run.ts";

export interface Agent {
  paths: Paths;
  report: Reporter;
  run: Run;
  clock: Clock;
  /** Aborted when the agent is told to end: waiting stops and the change under way is undone. */
  signal: AbortSignal;
}

export interface Clock {
  /** Milliseconds since the machine started, suspended time included: the same for every process. */
  uptimeMs(): Promise<number>;
  /** The same within this process only; for deadlines of waits. */
  nowMs(): number;
  /** For people to read, never to compare. */
  wallTime(): string;
  /** Another one after each boot. */
  bootId(): Promise<string>;
}

/** `/proc/uptime` counts CLOCK_BOOTTIME (proc_uptime(5)), to a hundredth of a second. */
export const machineClock: Clock = {
  uptimeMs: async () => Math.round(Number((await readFile("/proc/uptime", "utf8")).split(" ")[0]) * 1000),
  nowMs: () => performance.now(),
  wallTime: () => new Date().toISOString(),
  bootId: async () => (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim(),
};
