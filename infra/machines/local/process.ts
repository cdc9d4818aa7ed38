/** Processes of which we must be sure that they are still the ones that were recorded. */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";

export const processIdSchema = z.object({
  pid: z.int().positive(),
  /** Start time in clock ticks since boot, field 22 of /proc/PID/stat (proc(5)). */
  startTicks: z.int(),
  /** Ticks and PIDs begin again when this computer is restarted. */
  bootId: z.string(),
});
export type ProcessId = z.infer<typeof processIdSchema>;

/** State letter and start time out of a /proc/PID/stat line, whose second field may hold spaces and brackets. */
export function parseStat(line: string): { state: string; startTicks: number } {
  const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
  return { state: fields[0] ?? "", startTicks: Number(fields[19]) };
}

/** Undefined when there is no such process, or only its zombie. */
export function identify(pid: number): ProcessId | undefined {
  try {
    const { state, startTicks } = parseStat(readFileSync(`/proc/${pid}/stat`, "utf8"));
    if (state === "Z" || state === "X") return undefined;
    return { pid, startTicks, bootId: readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim() };
  } catch {
    return undefined;
  }
}

export function isAlive(recorded: ProcessId): boolean {
  const now = identify(recorded.pid);
  return now?.startTicks === recorded.startTicks && now.bootId === recorded.bootId;
}

/** Does nothing when the process has gone or its number belongs to another one. */
export function signal(recorded: ProcessId, name: NodeJS.Signals): void {
  if (isAlive(recorded)) signalPid(recorded.pid, name);
}

export function signalPid(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Asks again and again; false when `timeoutMs` have passed without a yes. */
export async function eventually(yes: () => boolean, timeoutMs: number): Promise<boolean> {
  const end = performance.now() + timeoutMs;
  while (!yes()) {
    if (performance.now() > end) return false;
    await sleep(20);
  }
  return true;
}
