/** A supervisor with made-up workers and a made-up clock: each call lets all that follows from it happen. */

import type { SupervisorStatus } from "../../../runtime/report.ts";
import type { Clock } from "../../../runtime/supervisor/clock.ts";
import type { LifecycleEvent } from "../../../runtime/supervisor/lifecycle.ts";
import type { Ending, WorkerListener, WorkerProcess } from "../../../runtime/supervisor/spawn.ts";
import { Supervisor, type SupervisorSettings } from "../../../runtime/supervisor/supervisor.ts";
import type { WorkerEvent } from "../../../runtime/supervisor/worker-states.ts";

class FakeClock implements Clock {
  #nowMs = 0;
  readonly #timers = new Set<{ atMs: number; run: () => void }>();

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Jumps there, and fires what has come due on the way, late. */
  jumpTo(nowMs: number): void {
    this.#nowMs = nowMs;
    for (const timer of [...this.#timers].filter(({ atMs }) => atMs <= nowMs)) {
      this.#timers.delete(timer);
      timer.run();
    }
  }

  get nextMs(): number {
    return Math.min(...[...this.#timers].map(({ atMs }) => atMs));
  }
}

/** Workers are numbered from 1 in the order of their starts; number 1 has pid 1001. */
export class Rig {
  readonly limits = { bootTimeoutMs: 10_000, livenessTimeoutMs: 1_000, drainTimeoutMs: 5_000 };
  readonly terminated: number[] = [];
  readonly killed: number[] = [];
  /** The first assignment of each notification. */
  readonly notified: string[] = [];
  readonly logged: string[] = [];
  readonly exit: Promise<number>;
  readonly #clock = new FakeClock();
  readonly #listeners: Omit<WorkerListener, "output">[] = [];
  readonly #supervisor: Supervisor;

  constructor(workers: number, settings: Partial<SupervisorSettings> = {}) {
    const sizing = { workers, cores: workers, reason: "test" };
    this.#supervisor = new Supervisor(
      { pid: 1, sizing, limits: this.limits, watchdogIntervalMs: null, where: "nowhere", ...settings },
      {
        clock: this.#clock,
        random: () => 0,
        hrtimeNs: () => 0n,
        log: (_level, text) => this.logged.push(text),
        notifier: { send: (first) => this.notified.push(first ?? ""), flushed: async () => {} },
        spawn: (_slot, listener) => this.#spawn(listener),
      },
    );
    this.exit = this.#supervisor.run();
  }

  get started(): number {
    return this.#listeners.length;
  }

  status(): SupervisorStatus {
    return this.#supervisor.status();
  }

  async ask(event: LifecycleEvent): Promise<void> {
    this.#supervisor.ask(event);
    await settle();
  }

  async says(number: number, event: WorkerEvent): Promise<void> {
    this.#listeners[number - 1]?.message(event);
    await settle();
  }

  async ends(number: number, ending: Ending): Promise<void> {
    this.#listeners[number - 1]?.ended(ending);
    await settle();
  }

  async allReady(): Promise<void> {
    for (let number = 1; number <= this.started; number++) await this.says(number, "ready");
  }

  /** Time goes by, with every timer on time; then the workers named beat. */
  async pass(durationMs: number, beating: readonly number[] = []): Promise<void> {
    const endMs = this.#clock.nowMs() + durationMs;
    while (this.#clock.nextMs <= endMs) {
      this.#clock.jumpTo(this.#clock.nextMs);
      await settle();
    }
    this.#clock.jumpTo(endMs);
    await settle();
    for (const number of beating) await this.says(number, "beat");
  }

  /** Time goes by while the supervisor does not run. */
  async sleepThrough(durationMs: number): Promise<void> {
    this.#clock.jumpTo(this.#clock.nowMs() + durationMs);
    await settle();
  }

  #spawn(listener: Omit<WorkerListener, "output">): WorkerProcess {
    this.#listeners.push(listener);
    const number = this.started;
    return {
      pid: 1_000 + number,
      tail: [`last line of ${number}`],
      terminate: () => this.terminated.push(number),
      kill: () => this.killed.push(number),
    };
  }
}

/** All promises that are due, and what they lead to. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
