/** The supervisor's timers: each only enqueues. */
import type { Clock } from "./clock.ts";
import { MEMORY_SAMPLE_MS } from "./recycling.ts";

export type TimerEvent =
  /** A deadline planned for then may have come. */
  { readonly kind: "time"; readonly plannedMs: number } | { readonly kind: "watchdog" } | { readonly kind: "memory" };

export interface TimerSettings {
  /** Null: systemd watches nobody. */
  readonly watchdogIntervalMs: number | null;
  readonly watchesMemory: boolean;
}

export class Timers {
  readonly #clock: Clock;
  readonly #settings: TimerSettings;
  readonly #push: (event: TimerEvent) => void;
  #disarm: () => void = () => {};

  constructor(clock: Clock, settings: TimerSettings, push: (event: TimerEvent) => void) {
    this.#clock = clock;
    this.#settings = settings;
    this.#push = push;
  }

  /** One timer for the earliest deadline of all; null for none. */
  deadline(plannedMs: number | null): void {
    this.#disarm();
    if (plannedMs === null) return;
    this.#disarm = this.#clock.after(plannedMs - this.#clock.nowMs(), () => this.#push({ kind: "time", plannedMs }));
  }

  watchdog(): void {
    const { watchdogIntervalMs } = this.#settings;
    if (watchdogIntervalMs !== null) this.#clock.after(watchdogIntervalMs, () => this.#push({ kind: "watchdog" }));
  }

  memory(): void {
    if (this.#settings.watchesMemory) this.#clock.after(MEMORY_SAMPLE_MS, () => this.#push({ kind: "memory" }));
  }

  stop(): void {
    this.#disarm();
  }
}
