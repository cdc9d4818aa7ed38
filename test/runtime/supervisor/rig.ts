/** A supervisor with made-up workers and a made-up clock: each call lets all that follows from it happen. */

import type { Outcome, SupervisorStatus } from "../../../runtime/supervisor-report.ts";
import type { Clock } from "../../../runtime/supervisor/clock.ts";
import type { LifecycleEvent } from "../../../runtime/supervisor/lifecycle.ts";
import type { Ending } from "../../../runtime/supervisor/deaths.ts";
import type { Counts } from "../../../runtime/supervisor/messages.ts";
import type { WorkerListener, WorkerProcess } from "../../../runtime/supervisor/spawn.ts";
import type { SupervisorSettings } from "../../../runtime/supervisor/settings.ts";
import { Supervisor } from "../../../runtime/supervisor/supervisor.ts";
import type { WorkerEvent } from "../../../runtime/supervisor/worker-states.ts";

class FakeClock implements Clock {
  /** It goes on by this much each time it is read. */
  tickMs = 0;
  #nowMs = 0;
  readonly #timers = new Set<{ atMs: number; run: () => void }>();

  nowMs(): number {
    return (this.#nowMs += this.tickMs);
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
  readonly limits = { bootTimeoutMs: 10_000, livenessTimeoutMs: 1_000, drainTimeoutMs: 5_000, delistWaitMs: 1_500 };
  readonly terminated: number[] = [];
  readonly listed: number[] = [];
  readonly delisted: number[] = [];
  /** The epoch of each worker started. */
  readonly epochs: number[] = [];
  /** In MiB, by worker; the others use 10. */
  readonly memoryMiB = new Map<number, number>();
  /** Set: the next reload's code can't be found. */
  codeIsMissing = false;
  oomKill = false;
  readonly killed: number[] = [];
  /** The first assignment of each notification. */
  readonly notified: string[] = [];
  readonly logged: string[] = [];
  readonly exit: Promise<number>;
  readonly #clock = new FakeClock();
  readonly #listeners: Omit<WorkerListener, "output">[] = [];
  readonly #supervisor: Supervisor;

  /** @param hasAddresses every worker has an address of its own */
  constructor(workers: number, settings: Partial<SupervisorSettings> = {}, hasAddresses = false) {
    const sizing = { workers, cores: workers, reason: "test" };
    const bounds = { min: 1, max: 512 };
    this.#supervisor = new Supervisor(
      { pid: 1, sizing, startWith: workers, bounds, limits: this.limits, watchdogIntervalMs: null, where: "nowhere", ...settings },
      {
        clock: this.#clock,
        random: () => 0,
        hrtimeNs: () => 0n,
        log: (_level, text) => this.logged.push(text),
        notifier: { send: (first) => this.notified.push(first ?? ""), flushed: async () => {} },
        openEpoch: () => {
          if (this.codeIsMissing) throw new Error("no such folder");
        },
        memoryMiB: (pid) => this.memoryMiB.get(pid - 1_000) ?? 10,
        oomKill: () => this.oomKill,
        stopListening: () => {},
        spawn: (_slot, epoch, listener) => this.#spawn(epoch, listener, hasAddresses),
      },
    );
    this.exit = this.#supervisor.run();
  }

  /** Time goes by also between two looks at the clock. */
  tick(tickMs: number): void {
    this.#clock.tickMs = tickMs;
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

  reload(): Promise<Outcome> {
    return this.#supervisor.reload();
  }

  scale(workers: number): Promise<Outcome> {
    return this.#supervisor.scale(workers);
  }

  async says(number: number, event: WorkerEvent, counts: Counts | null = null): Promise<void> {
    this.#listeners[number - 1]?.message({ event, counts });
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

  #spawn(epoch: number, listener: Omit<WorkerListener, "output">, hasAddress: boolean): WorkerProcess {
    this.#listeners.push(listener);
    this.epochs.push(epoch);
    const number = this.started;
    return {
      pid: 1_000 + number,
      address: hasAddress ? `127.0.0.1:${20_000 + number}` : null,
      list: () => this.listed.push(number),
      delist: () => this.delisted.push(number),
      tail: [`last line of ${number}`],
      terminate: () => this.terminated.push(number),
      kill: () => this.killed.push(number),
    };
  }
}

/** All promises that are due, and what they lead to. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
