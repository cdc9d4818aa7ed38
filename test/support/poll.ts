import { setTimeout as sleep } from "node:timers/promises";

const STEP_MS = 100;

/** Asks until the answer is yes. @throws with what was waited for, and the last error, when the time is over */
export async function until(what: string, ask: () => boolean | Promise<boolean>, timeoutMs: number): Promise<void> {
  const startedMs = performance.now();
  let last: unknown;
  while (performance.now() - startedMs < timeoutMs) {
    try {
      if (await ask()) return;
    } catch (error) {
      last = error;
    }
    await sleep(STEP_MS);
  }
  throw new Error(`waited ${timeoutMs} ms in vain until ${what}`, { cause: last });
}
