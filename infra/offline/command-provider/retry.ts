/** Dials again until it works, the limit is reached, or the operation is stopped. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Context } from "./context.ts";

// Pulumi's own: sdk/go/common/util/retry/until.go.
const firstDelayMs = 100;
const backoff = 1.5;
const longestDelayMs = 5_000;

/**
 * @param limit failures to put up with, -1 for any number: as `dialErrorLimit`, so there is one attempt more than it says.
 * @throws Error after the limit, naming the number of failed attempts and the last failure.
 */
export async function retry<T>(what: string, limit: number, context: Context, attempt: () => Promise<T>): Promise<T> {
  let delayMs = firstDelayMs;
  for (let failures = 1; ; failures++) {
    context.signal.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (limit >= 0 && failures > limit) throw new Error(`after ${failures - 1} failed attempts: ${reason}`);
      context.log(`${what} ${failures}/${limit < 0 ? "inf" : limit} failed: retrying`);
    }
    await sleep(delayMs, undefined, { signal: context.signal }).catch(() => {});
    delayMs = Math.min(delayMs * backoff, longestDelayMs);
  }
}
