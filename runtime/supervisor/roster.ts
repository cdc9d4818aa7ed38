/**
 * Who works where: slots, their workers, and when each one's time is up. Bookkeeping only: starts and kills nothing, and
 * asks no clock, so that tests can feed it any history.
 */
import type { RecycleReason } from "../supervisor-report.ts";
import { afterDeath, HEALTHY_AFTER_MS, STRIKES_TO_GIVE_UP } from "./backoff.ts";
import type { Counts } from "./messages.ts";
import { stateLimitMs, type TimeLimits, type WorkerAction, type WorkerEvent, type WorkerState, workerTable } from "./worker-states.ts";

export interface Worker {
  /** Never used twice, unlike a pid. */
  readonly id: number;
  readonly pid: number;
  readonly slot: Slot;
  /** The reload that it was started under: a worker of an older epoch has yet to be rolled. */
  readonly epoch: number;
  readonly state: WorkerState;
  /** Null: stays as it is for as long as it likes. */
  readonly deadlineMs: number | null;
  readonly startedAtMs: number;
  readonly readyAtMs: number | null;
  /** End of its lifetime; null for none. */
  readonly expiresAtMs: number | null;
  /** Its own port or socket; null for one that shares the common socket, or has none. */
  readonly address: string | null;
  /** As of its last beat; null when it doesn't count. */
  readonly counts: Counts | null;
  /** Why it is to be replaced although it works. */
  readonly recycling: RecycleReason | null;
}

export interface Slot {
  /** From 1, as shown to people. */
  readonly number: number;
  /** Does the slot's work, or is booting to do so. */
  readonly current: Worker | null;
  /** Booting to take over from `current`. */
  readonly successor: Worker | null;
  readonly strikes: number;
  /** A vacant slot gets no worker before. */
  readonly restartAtMs: number;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export class Roster {
  readonly #limits: TimeLimits;
  readonly #random: () => number;
  readonly #lifetimeMs: () => number | null;
  readonly #slots: Mutable<Slot>[] = [];
  readonly #workers = new Map<number, Mutable<Worker>>();
  #nextId = 1;

  /**
   * @param random from 0 to 1, spreads retries
   * @param lifetimeMs of the next worker that gets ready; null for any
   */
  constructor(wanted: number, limits: TimeLimits, random: () => number = Math.random, lifetimeMs: () => number | null = () => null) {
    this.#limits = limits;
    this.#random = random;
    this.#lifetimeMs = lifetimeMs;
    for (let count = 0; count < wanted; count++) this.addSlot();
  }

  get slots(): readonly Slot[] {
    return this.#slots;
  }

  /** Every process there is, whether or not it still has a slot. */
  get workers(): readonly Worker[] {
    return [...this.#workers.values()];
  }

  find(id: number): Worker | undefined {
    return this.#workers.get(id);
  }

  /** Nobody is ready, and every slot has failed again and again: trying on is of no use. */
  get hopeless(): boolean {
    return this.#slots.length > 0 && this.ready.length === 0 && this.#slots.every(({ strikes }) => strikes >= STRIKES_TO_GIVE_UP);
  }

  /** Whether a process is on its way out, or still has to be reaped. */
  get someoneLeaves(): boolean {
    return this.workers.some(({ state }) => state !== "booting" && state !== "ready");
  }

  /** Workers that take connections for a slot, by slot. */
  get ready(): readonly Worker[] {
    return this.#slots.flatMap((slot) => (slot.current?.state === "ready" ? [slot.current] : []));
  }

  get settled(): boolean {
    return this.ready.length === this.#slots.length;
  }

  addSlot(): void {
    this.#slots.push({ number: this.#slots.length + 1, current: null, successor: null, strikes: 0, restartAtMs: -Infinity });
  }

  /** Takes the last slot away, unless it is the only one. Returns the workers that have lost their slot. */
  removeSlot(): readonly Worker[] {
    if (this.#slots.length === 1) return [];
    const slot = this.#slots.pop();
    const left = [slot?.current, slot?.successor].filter((worker) => worker !== null && worker !== undefined);
    if (slot !== undefined) slot.current = slot.successor = null;
    return left;
  }

  /** No slot any more: nobody is to be replaced from here on. The workers stay until they have ended. */
  dissolve(): void {
    this.#slots.length = 0;
  }

  /** Slots that shall get a worker now. */
  vacancies(nowMs: number): readonly Slot[] {
    return this.#slots.filter((slot) => isVacant(slot) && slot.restartAtMs <= nowMs);
  }

  /** Enters a new process: as the slot's worker when it is vacant, else as the successor of the one it has. */
  register(slot: Slot, process: Pick<Worker, "pid" | "address">, epoch: number, nowMs: number): Worker {
    const worker: Mutable<Worker> = {
      id: this.#nextId++,
      pid: process.pid,
      address: process.address,
      slot,
      epoch,
      state: "booting",
      deadlineMs: null,
      startedAtMs: nowMs,
      readyAtMs: null,
      expiresAtMs: null,
      counts: null,
      recycling: null,
    };
    this.#enter(worker, "booting", nowMs);
    this.#workers.set(worker.id, worker);
    const own = this.#own(slot);
    if (own.current === null && own.successor === null) own.current = worker;
    else own.successor = worker;
    return worker;
  }

  /** Moves a worker on as the table says, and tells what is to be done about it. Unknown ids are long gone: nothing. */
  apply(id: number, event: WorkerEvent, nowMs: number): WorkerAction {
    const worker = this.#workers.get(id);
    if (worker === undefined) return "none";
    const { next, action } = workerTable[worker.state][event];
    if (next === "gone") this.#workers.delete(id);
    else if (next !== worker.state) this.#enter(worker, next, nowMs);
    else if (action === "extendDeadline") this.#restartDeadline(worker, nowMs);
    return action;
  }

  count(id: number, counts: Counts): void {
    const worker = this.#workers.get(id);
    if (worker !== undefined) worker.counts = counts;
  }

  /** The first reason is kept. Returns whether it is the first. */
  markForRecycling(worker: Worker, reason: RecycleReason): boolean {
    if (worker.recycling !== null) return false;
    (worker as Mutable<Worker>).recycling = reason;
    return true;
  }

  /** A ready successor takes its slot over. Returns the worker that it replaces, if there still is one. */
  promote(worker: Worker): Worker | null {
    const slot = this.#own(worker.slot);
    if (slot.successor !== worker) return null;
    const replaced = slot.current;
    if (replaced !== null && (readyForMs(replaced, worker.readyAtMs ?? -Infinity) ?? 0) >= HEALTHY_AFTER_MS) slot.strikes = 0;
    slot.current = worker as Mutable<Worker>;
    slot.successor = null;
    return replaced;
  }

  /**
   * A worker has lost its slot by dying or leaving. Returns how long the slot waits for the next one, in milliseconds.
   * @param clean it ended by itself with code 0
   */
  vacate(worker: Worker, clean: boolean, nowMs: number): number {
    const slot = this.#own(worker.slot);
    if (slot.current === worker) slot.current = null;
    else if (slot.successor === worker) slot.successor = null;
    else return 0;
    const { strikes, waitMs } = afterDeath(slot.strikes, readyForMs(worker, nowMs), clean, this.#random());
    slot.strikes = strikes;
    slot.restartAtMs = nowMs + waitMs;
    return waitMs;
  }

  /** Workers whose time is up. */
  due(nowMs: number): readonly Worker[] {
    return this.workers.filter((worker) => worker.deadlineMs !== null && worker.deadlineMs <= nowMs);
  }

  /** Ready workers whose lifetime is over. */
  expired(nowMs: number): readonly Worker[] {
    return this.workers.filter((worker) => canExpire(worker) && worker.expiresAtMs <= nowMs);
  }

  /** When something is to be done at the latest if nothing happens before; null for never. */
  nextDeadlineMs(nowMs: number): number | null {
    const deadlines = this.workers.flatMap((worker) => worker.deadlineMs ?? []);
    const lifetimes = this.workers.filter(canExpire).map(({ expiresAtMs }) => expiresAtMs);
    // A slot whose time has come already waits for its turn, not for the clock.
    const restarts = this.#slots.filter((slot) => isDueOne(slot) && slot.restartAtMs > nowMs).map((slot) => slot.restartAtMs);
    const all = [...deadlines, ...lifetimes, ...restarts];
    return all.length === 0 ? null : Math.min(...all);
  }

  /** Gives every worker its full time anew: the supervisor was asleep, and can't tell who was silent meanwhile. */
  restartDeadlines(nowMs: number): void {
    for (const worker of this.#workers.values()) this.#restartDeadline(worker, nowMs);
  }

  /** The one place where a worker's state is set. */
  #enter(worker: Mutable<Worker>, state: WorkerState, nowMs: number): void {
    worker.state = state;
    if (state === "ready") {
      const lifetimeMs = this.#lifetimeMs();
      worker.readyAtMs = nowMs;
      worker.expiresAtMs = lifetimeMs === null ? null : nowMs + lifetimeMs;
    }
    // It has the time that it was given when it was told to end.
    if (state !== "closed") this.#restartDeadline(worker, nowMs);
  }

  #restartDeadline(worker: Mutable<Worker>, nowMs: number): void {
    const limitMs = stateLimitMs(worker.state, this.#limits);
    worker.deadlineMs = limitMs === null ? null : nowMs + limitMs;
  }

  #own(slot: Slot): Mutable<Slot> {
    return slot as Mutable<Slot>;
  }
}

const isVacant = (slot: Slot): boolean => slot.current === null && slot.successor === null;

/** A recycling whose successor failed is tried again after the slot's wait. */
const isDueOne = (slot: Slot): boolean => isVacant(slot) || (slot.current?.recycling != null && slot.successor === null);

const canExpire = (worker: Worker): worker is Worker & { expiresAtMs: number } =>
  worker.expiresAtMs !== null && worker.state === "ready" && worker.recycling === null;

const readyForMs = (worker: Worker, nowMs: number): number | null => (worker.readyAtMs === null ? null : nowMs - worker.readyAtMs);
