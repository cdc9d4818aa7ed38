/** Where a recovery's time goes: every moment belongs to one phase, on the wall clock and on a monotonic one. */

/** In order; a recovery goes through those that it needs, and `cleanUp` is a drill's. */
export const recoveryPhases = [
  "tools",
  "state",
  "artifacts",
  "machines",
  "boot",
  "runtime",
  "release",
  "workers",
  "tls",
  "confirm",
  "firstAnswer",
  "verification",
  "cleanUp",
] as const;
export type RecoveryPhase = (typeof recoveryPhases)[number];

export const phaseTitles: Record<RecoveryPhase, string> = {
  tools: "tools",
  state: "state and secrets",
  artifacts: "artifacts",
  machines: "machines",
  boot: "boot",
  runtime: "runtime",
  release: "release",
  workers: "workers",
  tls: "TLS",
  confirm: "hardening, confirm",
  firstAnswer: "first 200",
  verification: "verification",
  cleanUp: "clean-up",
};

export interface Clocks {
  /** Milliseconds since 1970. */
  wallMs: () => number;
  /** Of a clock that is never set. */
  monotonicMs: () => number;
}

export const systemClocks: Clocks = { wallMs: () => Date.now(), monotonicMs: () => performance.now() };

export interface PhaseTime {
  phase: RecoveryPhase;
  wallMs: number;
  monotonicMs: number;
}

/** Counts the time since the mark before to the phase that a mark ends: phases of several machines may take turns. */
export class PhaseClock {
  readonly #clocks: Clocks;
  readonly #spent = new Map<RecoveryPhase, { wallMs: number; monotonicMs: number }>();
  #last: { wallMs: number; monotonicMs: number };

  /** @param beforeMs that had passed already, in another process; counted to the first phase that is marked */
  constructor(clocks: Clocks = systemClocks, beforeMs = 0) {
    this.#clocks = clocks;
    const now = this.#now();
    this.#last = { wallMs: now.wallMs - beforeMs, monotonicMs: now.monotonicMs - beforeMs };
  }

  mark(phase: RecoveryPhase): void {
    const now = this.#now();
    const spent = this.#spent.get(phase) ?? { wallMs: 0, monotonicMs: 0 };
    this.#spent.set(phase, {
      wallMs: spent.wallMs + now.wallMs - this.#last.wallMs,
      monotonicMs: spent.monotonicMs + now.monotonicMs - this.#last.monotonicMs,
    });
    this.#last = now;
  }

  /** In the order of the phases, whole milliseconds. */
  times(): PhaseTime[] {
    return recoveryPhases.flatMap((phase) => {
      const spent = this.#spent.get(phase);
      if (spent === undefined) return [];
      return [{ phase, wallMs: Math.round(spent.wallMs), monotonicMs: Math.round(spent.monotonicMs) }];
    });
  }

  #now(): { wallMs: number; monotonicMs: number } {
    return { wallMs: this.#clocks.wallMs(), monotonicMs: this.#clocks.monotonicMs() };
  }
}

/** Until the first verified answer over HTTPS and all that was verified after it; without a drill's clean-up. Pure. */
export function recoveryTimeMs(times: readonly PhaseTime[]): number {
  return times.reduce((sum, { phase, monotonicMs }) => (phase === "cleanUp" ? sum : sum + monotonicMs), 0);
}

/** A table, one phase a line. Pure. */
export function phaseLines(times: readonly PhaseTime[]): string[] {
  const line = (title: string, ms: number): string => `  ${title.padEnd(18)} ${(ms / 1000).toFixed(1).padStart(7)} s`;
  return [...times.map(({ phase, monotonicMs }) => line(phaseTitles[phase], monotonicMs)), line("all", sum(times))];
}

const sum = (times: readonly PhaseTime[]): number => times.reduce((total, { monotonicMs }) => total + monotonicMs, 0);

/** The phase that a line of the engine's ends: it tells of the machines that it makes. Pure. */
export function phaseOfLine(line: string): RecoveryPhase | undefined {
  if (/^\S+: booting /.test(line)) return "machines";
  return /^\S+: up on /.test(line) ? "boot" : undefined;
}

/** The phase that an event of a rollout ends; undefined leaves its time to the event after it. Pure. */
export function phaseOfEvent(event: { event: string; step?: string; phase?: string }): RecoveryPhase | undefined {
  if (event.event === "begin") return "boot";
  if (event.event === "step") return phaseOfStep[event.step ?? ""];
  if (event.event !== "phase") return undefined;
  if (event.phase === "prepare" || event.phase === "confirm") return "confirm";
  return event.phase === "stage" ? "release" : "tls";
}

const phaseOfStep: Record<string, RecoveryPhase> = {
  runtime: "runtime",
  preflight: "release",
  release: "release",
  generation: "release",
  start: "workers",
  shift: "workers",
  health: "workers",
  caddy: "tls",
  hardening: "confirm",
};
