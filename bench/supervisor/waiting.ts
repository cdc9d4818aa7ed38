/** Waiting for conditions, with deadlines. */
import { setTimeout as sleep } from "node:timers/promises";

export { sleep };

/** CLOCK_MONOTONIC in milliseconds: the same in all processes of this computer. */
export const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6;

/** @returns whether it came to hold within the time */
export async function holdsWithin(limitMs: number, holds: () => boolean | Promise<boolean>, stepMs = 20): Promise<boolean> {
  const deadlineMs = nowMs() + limitMs;
  for (;;) {
    if (await holds()) return true;
    if (nowMs() >= deadlineMs) return false;
    await sleep(stepMs);
  }
}

/** @throws when it does not come to hold within the time */
export async function until(what: string, limitMs: number, holds: () => boolean | Promise<boolean>, stepMs = 20): Promise<void> {
  if (!(await holdsWithin(limitMs, holds, stepMs))) throw new Error(`not so after ${limitMs} ms: ${what}`);
}
