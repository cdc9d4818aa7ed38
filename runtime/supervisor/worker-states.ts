/** One worker's life, as a total table. Pure: what an action does is supervisor.ts's business. */

/**
 * `booting` until it is ready; `ready` takes connections; `delisted` still does, until the proxy in front has noticed that
 * its address is off the list; `draining` was told to end, or ends by itself; `closed` says that it takes no more connections, and
 * answers those that it has; `killed` got SIGKILL and has only to be reaped.
 */
export type WorkerState = "booting" | "ready" | "delisted" | "draining" | "closed" | "killed";

export type WorkerEvent =
  /** It says that it takes connections. */
  | "ready"
  /** A sign of life from its event loop. */
  | "beat"
  /** It says that it stopped accepting. */
  | "leaving"
  /** It works, but is to make room for a new one: too many requests, too large, too old. */
  | "recycle"
  /** We want it to end; it has an address of its own, which others must stop using first. */
  | "delist"
  /** We want it to end. */
  | "retire"
  /** We want it gone now. */
  | "force"
  /** Its state's time is up: see `stateLimitMs`. */
  | "deadline"
  /** The process has ended. */
  | "exited";

export type WorkerAction =
  /** Also for a worker that was expected to end. */
  | "none"
  /** It takes over its slot; the one that it replaces is retired. */
  | "welcome"
  | "extendDeadline"
  /** Its slot is to get a successor, when it is its turn. */
  | "markForRecycling"
  /** Off the list of addresses that take traffic. */
  | "delist"
  | "terminate"
  | "kill"
  /** SIGKILL to one that has used its drain time up. */
  | "killLate"
  /** SIGKILL, and its slot gets another one at once: a wedged loop does not hear TERM. */
  | "killSilent"
  /** SIGKILL, and count a failed boot. */
  | "killStuck"
  /** Its slot gets another worker at once. */
  | "replace"
  /** Count a failed boot; the slot tries again later. */
  | "failBoot";

export interface WorkerCell {
  readonly next: WorkerState | "gone";
  readonly action: WorkerAction;
}

const to = (next: WorkerState | "gone", action: WorkerAction = "none"): WorkerCell => ({ next, action });

export const workerTable: Readonly<Record<WorkerState, Readonly<Record<WorkerEvent, WorkerCell>>>> = {
  booting: {
    ready: to("ready", "welcome"),
    beat: to("booting"),
    leaving: to("draining", "replace"),
    recycle: to("booting"),
    delist: to("draining", "terminate"),
    retire: to("draining", "terminate"),
    force: to("killed", "kill"),
    deadline: to("killed", "killStuck"),
    exited: to("gone", "failBoot"),
  },
  ready: {
    ready: to("ready"),
    beat: to("ready", "extendDeadline"),
    leaving: to("draining", "replace"),
    recycle: to("ready", "markForRecycling"),
    delist: to("delisted", "delist"),
    retire: to("draining", "terminate"),
    force: to("killed", "kill"),
    deadline: to("killed", "killSilent"),
    exited: to("gone", "replace"),
  },
  delisted: {
    ready: to("delisted"),
    beat: to("delisted"),
    leaving: to("draining"),
    recycle: to("delisted"),
    delist: to("delisted"),
    retire: to("draining", "terminate"),
    force: to("killed", "kill"),
    deadline: to("draining", "terminate"),
    exited: to("gone"),
  },
  draining: {
    ready: to("draining"),
    beat: to("draining"),
    leaving: to("closed"),
    recycle: to("draining"),
    delist: to("draining"),
    retire: to("draining"),
    force: to("killed", "kill"),
    deadline: to("killed", "killLate"),
    exited: to("gone"),
  },
  closed: {
    ready: to("closed"),
    beat: to("closed"),
    leaving: to("closed"),
    recycle: to("closed"),
    delist: to("closed"),
    retire: to("closed"),
    force: to("killed", "kill"),
    deadline: to("killed", "killLate"),
    exited: to("gone"),
  },
  killed: {
    ready: to("killed"),
    beat: to("killed"),
    leaving: to("killed"),
    recycle: to("killed"),
    delist: to("killed"),
    retire: to("killed"),
    force: to("killed", "kill"),
    deadline: to("killed"),
    exited: to("gone"),
  },
};

export interface TimeLimits {
  readonly bootTimeoutMs: number;
  /** Longest silence of the event loop, or of a probe. Null: nothing beats, only the end of the process counts. */
  readonly livenessTimeoutMs: number | null;
  readonly drainTimeoutMs: number;
  /** How long a worker with an address of its own goes on taking connections after it was taken off the list. */
  readonly delistWaitMs: number;
}

/** A draining worker ends itself at its drain timeout; it gets this long on top to run its shutdown hooks. */
export const DRAIN_MARGIN_MS = 2_000;

/** How often a worker beats: often enough that one lost beat is not death, rarely enough to cost nothing. */
export function beatIntervalMs(livenessTimeoutMs: number): number {
  return Math.min(5_000, Math.max(50, Math.floor(livenessTimeoutMs / 5)));
}

/** How long a worker may stay in a state (`ready`: between two beats). Null: for ever. */
export function stateLimitMs(state: WorkerState, limits: TimeLimits): number | null {
  switch (state) {
    case "booting":
      return limits.bootTimeoutMs;
    case "ready":
      // The silence may begin right before a beat was due.
      return limits.livenessTimeoutMs === null ? null : limits.livenessTimeoutMs + beatIntervalMs(limits.livenessTimeoutMs);
    case "delisted":
      return limits.delistWaitMs;
    case "draining":
    case "closed":
      return limits.drainTimeoutMs + DRAIN_MARGIN_MS;
    case "killed":
      return null;
  }
}
