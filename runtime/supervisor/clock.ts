/** Time as the supervisor sees it; tests put their own in its place. */
export interface Clock {
  /** Monotonic; only differences mean anything. */
  nowMs(): number;
  /** Calls `run` once, no earlier than `delayMs` from now. Returns what cancels it. */
  after(delayMs: number, run: () => void): () => void;
}

/** The longest delay that setTimeout takes (32 bits, signed); it fires at once for more. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

export const monotonicClock: Clock = {
  nowMs: () => performance.now(),
  after(delayMs, run) {
    let immediate: NodeJS.Immediate | undefined;
    const timer = setTimeout(
      () => {
        // Timers come before I/O in Node's loop: beats that wait in a pipe must be read before a deadline is judged.
        immediate = setImmediate(run);
      },
      Math.min(Math.max(delayMs, 0), LONGEST_DELAY_MS),
    );
    return () => {
      clearTimeout(timer);
      clearImmediate(immediate);
    };
  },
};
