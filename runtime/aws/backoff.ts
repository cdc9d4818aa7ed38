/** Pauses between tries, longer and longer, each a part of its whole by chance, so that a fleet doesn't come back all at once. Pure. */

/** @param chance from 0 to below 1 */
export function pauseMs(tries: number, { firstMs, longestMs }: { firstMs: number; longestMs: number }, chance: number): number {
  const whole = Math.min(longestMs, firstMs * 2 ** Math.min(tries, 30));
  return Math.round(whole / 2 + (whole / 2) * chance);
}
