/** Waiting with a deadline. */
import { setTimeout as sleep } from "node:timers/promises";

/** Asks until the answer is true. @throws Error naming what was waited for. */
export async function until(what: string, met: () => boolean | Promise<boolean>, deadlineMs = 15_000): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (!(await met())) {
    if (performance.now() > end) throw new Error(`waited ${deadlineMs} ms in vain for: ${what}`);
    await sleep(25);
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Ends what a failed test has left running, by its id. */
export function endLeftover(...pids: number[]): void {
  for (const pid of pids) if (pid > 0 && isAlive(pid)) process.kill(pid, "SIGKILL");
}
