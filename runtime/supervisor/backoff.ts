/** When a slot's next worker may start, after one that died. Pure. */

/** First wait after a failed boot; each further one is twice as long. */
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 15_000;
/** Up to this part of the wait is taken off by chance, so that slots that failed together don't stay in step. */
const JITTER = 0.2;
/** A worker that was ready for this long has shown that it works: its slot starts with a clean sheet. */
export const HEALTHY_AFTER_MS = 30_000;

/** Strikes of every single slot, with no worker ready, after which the supervisor gives up: some 25 s of trying. */
export const STRIKES_TO_GIVE_UP = 8;
/** A worker that ends by itself, with code 0, after at least this long as ready has done its work. */
const FINISHED_AFTER_MS = 1_000;

/** A slot's record of deaths. */
export interface Strikes {
  /** Deaths in a row, each before the worker had been ready for `HEALTHY_AFTER_MS`. */
  readonly strikes: number;
  /** Wait this long before the next start. */
  readonly waitMs: number;
}

/**
 * A worker that was ready is replaced at once; one that never was, after a wait that grows with every failure.
 * A worker that becomes ready and soon dies, again and again, waits as well, from the second time on. One that ends by
 * itself with code 0 is no failure (uvicorn's and gunicorn's own limits of requests end so), unless it hardly lived.
 *
 * @param strikes of the slot, before this death
 * @param readyForMs null for a worker that never was ready
 * @param clean it ended by itself with code 0
 * @param random from 0 to 1
 */
export function afterDeath(strikes: number, readyForMs: number | null, clean: boolean, random: number): Strikes {
  if (readyForMs !== null && readyForMs >= (clean ? FINISHED_AFTER_MS : HEALTHY_AFTER_MS)) return { strikes: 0, waitMs: 0 };
  const counted = readyForMs === null ? strikes + 1 : strikes;
  return { strikes: strikes + 1, waitMs: waitFor(counted, random) };
}

function waitFor(strikes: number, random: number): number {
  if (strikes === 0) return 0;
  const fullMs = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (strikes - 1));
  return Math.round(fullMs * (1 - JITTER * random));
}
