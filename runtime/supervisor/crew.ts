/** The workers and their processes: carries out what the worker table says. */
import type { Clock } from "./clock.ts";
import type { LifecycleEvent } from "./lifecycle.ts";
import type { Level } from "./log.ts";
import { Roster, type Slot, type Worker } from "./roster.ts";
import type { Ending, WorkerListener, WorkerProcess } from "./spawn.ts";
import type { TimeLimits, WorkerAction, WorkerEvent } from "./worker-states.ts";

/** Failed boots in a row, with no worker ever ready, after which one gives up: a broken generation fails in seconds. */
export const BOOT_ATTEMPTS = 3;

export interface CrewEffects {
  readonly clock: Clock;
  spawn(slot: number, listener: Omit<WorkerListener, "output">): WorkerProcess;
  log(level: Level, text: string): void;
  /** From 0 to 1. */
  random(): number;
}

/** Where the crew's news goes; nobody acts on it before the crew is done with the event at hand. */
export interface CrewNews {
  worker(id: number, event: WorkerEvent, ending?: Ending): void;
  lifecycle(event: LifecycleEvent): void;
}

export interface FailedBoot {
  readonly how: string;
  readonly tail: readonly string[];
}

export class Crew {
  readonly roster: Roster;
  readonly #limits: TimeLimits;
  readonly #effects: CrewEffects;
  readonly #news: CrewNews;
  readonly #processes = new Map<number, WorkerProcess>();
  #everReady = false;
  #failedBoots = 0;
  #lastFailure: FailedBoot | null = null;

  constructor(wanted: number, limits: TimeLimits, effects: CrewEffects, news: CrewNews) {
    this.roster = new Roster(wanted, limits, effects.random);
    this.#limits = limits;
    this.#effects = effects;
    this.#news = news;
  }

  get lastFailure(): FailedBoot | null {
    return this.#lastFailure;
  }

  /** Starts a worker for every slot that is due one. */
  fill(epoch: number): void {
    for (const slot of this.roster.vacancies(this.#effects.clock.nowMs())) this.start(slot, epoch);
  }

  start(slot: Slot, epoch: number): void {
    const child = this.#effects.spawn(slot.number, {
      message: (event) => this.#news.worker(worker.id, event),
      ended: (ending) => this.#news.worker(worker.id, "exited", ending),
    });
    const worker = this.roster.register(slot, child.pid, epoch, this.#effects.clock.nowMs());
    this.#processes.set(worker.id, child);
    if (child.pid !== 0) this.#effects.log("info", `Started worker process [${child.pid}] (slot ${slot.number})`);
  }

  /** Something happened to a worker, or is to happen to it. */
  take(id: number, event: WorkerEvent, ending: Ending | null = null): void {
    const worker = this.roster.find(id);
    if (worker === undefined) return;
    const action = this.roster.apply(id, event, this.#effects.clock.nowMs());
    this.#actions[action](worker, ending);
    if (event === "exited") this.#processes.delete(id);
  }

  takeAll(event: WorkerEvent, workers: readonly Worker[] = this.roster.workers): void {
    for (const worker of workers) this.take(worker.id, event);
  }

  readonly #actions: Readonly<Record<WorkerAction, (worker: Worker, ending: Ending | null) => void>> = {
    none: () => {},
    extendDeadline: () => {},
    welcome: (worker) => this.#welcome(worker),
    terminate: (worker) => this.#processes.get(worker.id)?.terminate(),
    kill: (worker) => this.#processes.get(worker.id)?.kill(),
    killSilent: (worker) => {
      this.#warn(worker, `its event loop was silent for more than ${this.#limits.livenessTimeoutMs} ms; killed and replaced`);
      this.#processes.get(worker.id)?.kill();
      this.#vacate(worker);
    },
    killStuck: (worker) => {
      this.#processes.get(worker.id)?.kill();
      this.#failBoot(worker, `was not ready after ${this.#limits.bootTimeoutMs} ms and was killed`, BOOT_ATTEMPTS);
    },
    replace: (worker, ending) => {
      this.#warn(worker, `${ending === null ? "stops by itself" : describeEnding(ending)}; replaced`);
      this.#vacate(worker);
    },
    failBoot: (worker, ending) => this.#failBoot(worker, `${describeEnding(ending)} before it was ready`, 1),
  };

  #welcome(worker: Worker): void {
    this.#everReady = true;
    const replaced = this.roster.promote(worker);
    if (replaced !== null) this.take(replaced.id, "retire");
  }

  /** @param weight of it among `BOOT_ATTEMPTS`; one that used its whole time up leaves none for a second try */
  #failBoot(worker: Worker, how: string, weight: number): void {
    this.#lastFailure = { how, tail: this.#processes.get(worker.id)?.tail ?? [] };
    const wasSuccessor = worker.slot.successor === worker;
    this.#warn(worker, how);
    this.#vacate(worker);
    if (wasSuccessor) this.#news.lifecycle("rollFailed");
    this.#failedBoots += weight;
    if (!this.#everReady && this.#failedBoots >= BOOT_ATTEMPTS) this.#news.lifecycle("giveUp");
  }

  #vacate(worker: Worker): void {
    const waitMs = this.roster.vacate(worker, this.#effects.clock.nowMs());
    if (waitMs > 0) this.#effects.log("info", `Slot ${worker.slot.number} gets its next worker in ${waitMs} ms`);
  }

  #warn(worker: Worker, what: string): void {
    this.#effects.log("warning", `Worker [${worker.pid}] (slot ${worker.slot.number}): ${what}`);
  }
}

export function describeEnding(ending: Ending | null): string {
  if (ending?.signal === "SIGKILL") return "was killed by SIGKILL (by somebody, or for want of memory)";
  if (ending?.signal) return `was ended by ${ending.signal}`;
  return ending === null || ending.code === null ? "could not be started" : `exited with code ${ending.code}`;
}
