/** The workers and their processes: carries out what the worker table says. */
import type { RecycleReason, RestartReason } from "../supervisor-report.ts";
import type { Clock } from "./clock.ts";
import { type Ending, describeDeath } from "./deaths.ts";
import type { Log } from "./log.ts";
import type { Counts } from "./messages.ts";
import { Roster, type Slot, type Worker } from "./roster.ts";
import type { WorkerListener, WorkerProcess } from "./spawn.ts";
import type { Tally } from "./tally.ts";
import type { TimeLimits, WorkerAction, WorkerEvent } from "./worker-states.ts";

export interface CrewEffects {
  readonly clock: Clock;
  /** @param epoch which code it runs */
  spawn(slot: number, epoch: number, listener: Omit<WorkerListener, "output">): WorkerProcess;
  readonly log: Log["log"];
  /** From 0 to 1. */
  random(): number;
  /** Whether the kernel has killed a process for want of memory since this was asked last. */
  oomKill(): boolean;
}

/** What comes with some events. */
export interface Detail {
  readonly ending?: Ending;
  readonly counts?: Counts;
  readonly reason?: RecycleReason;
}

/** Where the crew's news goes; nobody acts on it before the crew is done with the event at hand. */
export interface CrewNews {
  worker(id: number, event: WorkerEvent, detail?: Detail): void;
  /** A worker took its slot. */
  welcomed(worker: Worker): void;
  /** @param outOfTime it used all of its time up, instead of ending by itself */
  bootFailed(worker: Worker, failure: FailedBoot, outOfTime: boolean): void;
}

export interface FailedBoot {
  readonly how: string;
  readonly tail: readonly string[];
}

export interface CrewSettings {
  readonly workers: number;
  readonly limits: TimeLimits;
  /** How long the next worker that gets ready may live; null for any time. */
  readonly lifetimeMs: () => number | null;
}

export class Crew {
  readonly roster: Roster;
  readonly #limits: TimeLimits;
  readonly #effects: CrewEffects;
  readonly #news: CrewNews;
  readonly #tally: Tally;
  readonly #processes = new Map<number, WorkerProcess>();

  constructor({ workers, limits, lifetimeMs }: CrewSettings, effects: CrewEffects, tally: Tally, news: CrewNews) {
    this.roster = new Roster(workers, limits, effects.random, lifetimeMs);
    this.#limits = limits;
    this.#effects = effects;
    this.#tally = tally;
    this.#news = news;
  }

  /** Starts a worker for every slot that is due one. */
  fill(epoch: number): void {
    for (const slot of this.roster.vacancies(this.#effects.clock.nowMs())) this.start(slot, epoch);
  }

  start(slot: Slot, epoch: number): void {
    const child = this.#effects.spawn(slot.number, epoch, {
      message: ({ event, counts }) =>
        this.#news.worker(worker.id, event, { reason: "maxRequests", ...(counts === null ? {} : { counts }) }),
      ended: (ending) => this.#news.worker(worker.id, "exited", { ending }),
    });
    const worker = this.roster.register(slot, child, epoch, this.#effects.clock.nowMs());
    this.#processes.set(worker.id, child);
    if (child.pid === 0) return;
    const at = child.address === null ? "" : ` on ${child.address}`;
    this.#effects.log("info", `Started worker process [${child.pid}] (slot ${slot.number})${at}`, { slot: slot.number, worker: child.pid });
  }

  /** Something happened to a worker, or is to happen to it. */
  take(id: number, event: WorkerEvent, detail: Detail = {}): void {
    const worker = this.roster.find(id);
    if (worker === undefined) return;
    if (detail.counts !== undefined) this.roster.count(id, detail.counts);
    const action = this.roster.apply(id, event, this.#effects.clock.nowMs());
    this.#actions[action](worker, detail);
    if (event === "exited") this.#processes.delete(id);
  }

  takeAll(event: WorkerEvent, workers: readonly Worker[] = this.roster.workers): void {
    for (const worker of workers) this.take(worker.id, event);
  }

  /** We want them to end; those with an address of their own leave the list first. */
  retire(workers: readonly Worker[] = this.roster.workers): void {
    for (const worker of workers) this.take(worker.id, worker.address === null ? "retire" : "delist");
  }

  readonly #actions: Readonly<Record<WorkerAction, (worker: Worker, detail: Detail) => void>> = {
    none: () => {},
    extendDeadline: () => {},
    welcome: (worker) => this.#welcome(worker),
    markForRecycling: (worker, { reason }) => this.#markForRecycling(worker, reason),
    delist: (worker) => this.#processes.get(worker.id)?.delist(),
    terminate: (worker) => this.#processes.get(worker.id)?.terminate(),
    kill: (worker) => this.#processes.get(worker.id)?.kill(),
    killLate: (worker) => {
      this.#warn(worker, null, `had not ended ${this.#limits.drainTimeoutMs} ms after it was told to; killed`);
      this.#processes.get(worker.id)?.kill();
    },
    killSilent: (worker) => {
      const silence = worker.address === null ? "its event loop was silent" : "its probe was unanswered";
      this.#warn(worker, "silent", `${silence} for more than ${this.#limits.livenessTimeoutMs} ms; killed and replaced`);
      this.#processes.get(worker.id)?.kill();
      this.#vacate(worker, "silent");
    },
    killStuck: (worker) => {
      this.#processes.get(worker.id)?.kill();
      this.#failBoot(worker, "bootTimeout", `was not ready after ${this.#limits.bootTimeoutMs} ms and was killed`);
    },
    replace: (worker, { ending }) => this.#replace(worker, ending),
    failBoot: (worker, { ending }) => {
      const { reason, text } = describeDeath(ending ?? { code: null, signal: null }, this.#circumstances(worker));
      this.#failBoot(worker, reason, text);
    },
  };

  #welcome(worker: Worker): void {
    this.#processes.get(worker.id)?.list();
    const replaced = this.roster.promote(worker);
    this.#news.welcomed(worker);
    if (replaced === null) return;
    if (replaced.recycling !== null) this.#tally.restarted(replaced.recycling);
    this.retire([replaced]);
  }

  #markForRecycling(worker: Worker, reason: RecycleReason = "maxRequests"): void {
    if (!this.roster.markForRecycling(worker, reason)) return;
    this.#effects.log("info", `Worker [${worker.pid}] (slot ${worker.slot.number}): ${recyclingTexts[reason]}; a new one takes its place`, {
      slot: worker.slot.number,
      worker: worker.pid,
      reason,
    });
  }

  #replace(worker: Worker, ending: Ending | undefined): void {
    if (ending === undefined) {
      this.#warn(worker, "left", "stops by itself; replaced");
      return this.#vacate(worker, "left");
    }
    const { reason, text, clean } = describeDeath(ending, this.#circumstances(worker));
    this.#warn(worker, reason, `${text}; replaced`);
    this.#vacate(worker, reason, clean);
  }

  #circumstances(worker: Worker): { wasReady: boolean; uptimeMs: number; oomKill: boolean } {
    const uptimeMs = this.#effects.clock.nowMs() - worker.startedAtMs;
    return { wasReady: worker.readyAtMs !== null, uptimeMs, oomKill: this.#effects.oomKill() };
  }

  #failBoot(worker: Worker, reason: RestartReason, how: string): void {
    const failure = { how, tail: this.#processes.get(worker.id)?.tail ?? [] };
    this.#warn(worker, reason, how);
    this.#vacate(worker, reason);
    this.#news.bootFailed(worker, failure, reason === "bootTimeout");
  }

  #vacate(worker: Worker, reason: RestartReason, clean = false): void {
    this.#tally.restarted(reason);
    const waitMs = this.roster.vacate(worker, clean, this.#effects.clock.nowMs());
    const { number } = worker.slot;
    if (waitMs > 0) this.#effects.log("info", `Slot ${number} gets its next worker in ${waitMs} ms`, { slot: number, waitMs });
  }

  #warn(worker: Worker, reason: RestartReason | null, what: string): void {
    const { pid, slot } = worker;
    const fields = { slot: slot.number, worker: pid, ...(reason === null ? {} : { reason }) };
    this.#effects.log("warning", `Worker [${pid}] (slot ${slot.number}): ${what}`, fields);
  }
}

const recyclingTexts: Readonly<Record<RecycleReason, string>> = {
  maxRequests: "has answered as many requests as it may",
  memory: "uses more memory than it may",
  lifetime: "has lived as long as it may",
};
