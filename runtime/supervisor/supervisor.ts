/** The parent of the workers: one queue, one loop that takes one event at a time, and tables that say what it means. */
import type { Outcome, SupervisorStatus } from "../supervisor-report.ts";
import { Announcer, lastWords } from "./announcer.ts";
import type { Controls } from "./controls.ts";
import { Boots } from "./boots.ts";
import { Crew, type FailedBoot } from "./crew.ts";
import type { Event } from "./events.ts";
import { type SupervisorExit, supervisorExit } from "./exit.ts";
import { type Lifecycle, type LifecycleAction, type LifecycleEvent, lifecycleTable } from "./lifecycle.ts";
import { Patrol } from "./patrol.ts";
import { EventQueue } from "./queue.ts";
import { lifetimeMs } from "./recycling.ts";
import { type Answer, Reloads } from "./reloads.ts";
import { nextRollStep } from "./roll.ts";
import type { Worker } from "./roster.ts";
import { Scaling } from "./scaling.ts";
import type { SupervisorEffects, SupervisorSettings } from "./settings.ts";
import { statusOf } from "./status.ts";
import { Tally } from "./tally.ts";
import { Timers } from "./timers.ts";

const STOPS: Outcome = { ok: false, text: "The supervisor stops" };

export class Supervisor implements Controls {
  readonly #settings: SupervisorSettings;
  readonly #effects: SupervisorEffects;
  readonly #startedAtMs: number;
  readonly #announcer: Announcer;
  readonly #queue = new EventQueue<Event>();
  readonly #crew: Crew;
  readonly #reloads = new Reloads();
  readonly #scaling: Scaling;
  readonly #timers: Timers;
  readonly #patrol: Patrol;
  readonly #tally = new Tally();
  readonly #boots = new Boots();
  /** What an event led to; taken before anything else, as a reload that has failed must not go on with the next slot. */
  readonly #consequences: LifecycleEvent[] = [];
  #lifecycle: Lifecycle = "booting";
  #exit: SupervisorExit = supervisorExit.stopped;
  #finished = false;

  constructor(settings: SupervisorSettings, effects: SupervisorEffects) {
    const { startWith, limits, recycle, bounds, watchdogIntervalMs } = settings;
    const { clock, random, log } = effects;
    this.#settings = settings;
    this.#effects = effects;
    this.#startedAtMs = clock.nowMs();
    this.#announcer = new Announcer(effects);
    this.#crew = new Crew({ workers: startWith, limits, lifetimeMs: () => lifetimeMs(recycle, random()) }, effects, this.#tally, {
      worker: (id, event, detail) => this.#queue.push({ kind: "worker", id, event, detail }),
      welcomed: (worker) => this.#welcomed(worker),
      bootFailed: (worker, failure, outOfTime) => this.#bootFailed(worker, failure, outOfTime),
    });
    this.#scaling = new Scaling(this.#crew, bounds, log);
    this.#patrol = new Patrol(this.#crew, effects, recycle?.memoryMiB);
    const timers = { watchdogIntervalMs, watchesMemory: recycle?.memoryMiB !== undefined };
    this.#timers = new Timers(clock, timers, (event) => this.#queue.push(event));
  }

  /** For signal handlers: only enqueues. */
  ask(event: LifecycleEvent): void {
    this.#queue.push({ kind: "lifecycle", event });
  }

  reload(): Promise<Outcome> {
    return new Promise((answer) => this.#queue.push({ kind: "reload", answer }));
  }

  scale(workers: number): Promise<Outcome> {
    return new Promise((answer) => this.#queue.push({ kind: "scale", workers, answer }));
  }

  /** Supervises until asked to stop, or until it gives up. */
  async run(): Promise<SupervisorExit> {
    this.#announcer.started(this.#settings.pid);
    this.#timers.watchdog();
    this.#timers.memory();
    let lookedAtMs = this.#effects.clock.nowMs();
    this.#crew.fill(this.#reloads.committed);
    while (!this.#finished) {
      // Of before the last event was dealt with: what has come due since then was perhaps not seen, and is no past matter.
      this.#timers.deadline(this.#crew.roster.nextDeadlineMs(lookedAtMs));
      this.#take(await this.#queue.next());
      lookedAtMs = this.#effects.clock.nowMs();
      this.#followUp();
    }
    this.#timers.stop();
    return this.#exit;
  }

  status(): SupervisorStatus {
    const { clock, memoryMiB } = this.#effects;
    return statusOf({
      ...this.#settings,
      state: this.#lifecycle,
      startedAtMs: this.#startedAtMs,
      nowMs: clock.nowMs(),
      roster: this.#crew.roster,
      tally: this.#tally,
      memoryMiB,
    });
  }

  #take(event: Event): void {
    switch (event.kind) {
      case "lifecycle":
        return this.#step(event.event);
      case "reload":
        return this.#requestReload(event.answer);
      case "scale":
        return this.#lifecycle === "stopping" ? event.answer(STOPS) : this.#scaling.to(event.workers, event.answer);
      case "worker":
        return this.#crew.take(event.id, event.event, event.detail);
      case "time":
        return this.#patrol.deadlines(event.plannedMs);
      case "watchdog":
        return this.#pingWatchdog();
      case "memory":
        this.#patrol.memory();
        return this.#timers.memory();
    }
  }

  /** What follows from the state as it is now, whatever the event was. */
  #followUp(): void {
    const { roster } = this.#crew;
    for (const event of this.#consequences.splice(0)) this.#step(event);
    if (roster.hopeless) this.#step("giveUp");
    this.#crew.fill(this.#reloads.committed);
    this.#roll();
    if (roster.settled) this.#step("settled");
    this.#scaling.check();
    if (roster.workers.length === 0) this.#step("empty");
  }

  #step(event: LifecycleEvent): void {
    const { next, action } = lifecycleTable[this.#lifecycle][event];
    this.#lifecycle = next;
    this.#actions[action]();
  }

  readonly #actions: Readonly<Record<LifecycleAction, () => void>> = {
    none: () => {},
    drainAll: () => {
      this.#announcer.stopping("Stopping: requests under way may end, new ones are not taken");
      this.#stopping();
      this.#crew.retire();
    },
    killAll: () => {
      this.#announcer.stopping("Stopping now: all workers are killed");
      this.#stopping();
      this.#crew.takeAll("force");
    },
    startReload: () => this.#startReload(),
    queueReload: () => this.#reloads.queue(),
    addSlot: () => this.#scaling.grow(),
    removeSlot: () => this.#scaling.shrink(),
    announceReady: () => this.#announce("info", `Ready: ${this.#count()} on ${this.#settings.where} (${this.#settings.sizing.reason})`),
    announceRolled: () => this.#endReload(true, `Reloaded: ${this.#count()}`),
    announceRollFailed: () =>
      this.#endReload(false, `Reload failed, the workers that are ready go on: a new worker ${lastWords(this.#boots.lastFailure)}`),
    abandon: () => this.#abandon(),
    finish: () => {
      this.#finished = true;
    },
  };

  /** Nobody is replaced from here on, and nobody waits any longer. */
  #stopping(): void {
    this.#effects.stopListening();
    this.#crew.roster.dissolve();
    this.#reloads.dismiss(STOPS);
    this.#scaling.fail("the supervisor stops");
  }

  #abandon(): void {
    const { everReady, lastFailure } = this.#boots;
    this.#exit = everReady ? supervisorExit.gaveUp : supervisorExit.bootFailed;
    this.#announcer.givingUp(everReady, lastFailure);
    this.#stopping();
    this.#crew.takeAll("force");
  }

  #welcomed(worker: Worker): void {
    this.#boots.succeeded();
    this.#reloads.proven(worker.epoch);
  }

  #bootFailed(worker: Worker, failure: FailedBoot, outOfTime: boolean): void {
    this.#boots.failed(failure, outOfTime);
    if (worker.epoch === this.#reloads.candidate) this.#consequences.push("rollFailed");
    if (this.#boots.inVain) this.#consequences.push("giveUp");
    this.#scaling.fail(`a new worker ${failure.how}`);
  }

  #requestReload(answer: Answer): void {
    if (this.#lifecycle === "stopping") return answer(STOPS);
    this.#reloads.request(answer);
    this.#step("reload");
  }

  #startReload(): void {
    const epoch = this.#reloads.begin();
    this.#announcer.reloading(epoch);
    try {
      this.#effects.openEpoch(epoch);
    } catch (error) {
      this.#boots.failed({ how: `could not be started: ${(error as Error).message}`, tail: [] }, false);
      this.#consequences.push("rollFailed");
    }
  }

  #endReload(ok: boolean, text: string): void {
    this.#tally.reloaded(ok);
    this.#reloads.end({ ok, text });
    this.#announce(ok ? "info" : "error", text);
  }

  /** Replaces one worker after the other, as long as there is one to replace. */
  #roll(): void {
    if (this.#lifecycle === "stopping") return;
    const { slots, workers } = this.#crew.roster;
    const step = nextRollStep(slots, workers, this.#reloads.underWay, this.#effects.clock.nowMs());
    if (step.kind === "succeed") this.#crew.start(step.slot, this.#reloads.newest);
    else if (step.kind === "done") this.#step("rolled");
  }

  #announce(level: "info" | "error", text: string): void {
    this.#announcer.serving(level, text);
    if (this.#reloads.queued) this.ask("reload");
  }

  #count(): string {
    const { slots, ready } = this.#crew.roster;
    return `${ready.length} of ${slots.length} worker${slots.length === 1 ? "" : "s"}`;
  }

  /** No ping when no worker lives: systemd then starts everything anew, which is all that is left to try. */
  #pingWatchdog(): void {
    const someoneLives = this.#crew.roster.workers.some(({ state }) => state === "booting" || state === "ready");
    const between = this.#lifecycle === "booting" || this.#lifecycle === "stopping";
    if (someoneLives || between) this.#announcer.alive();
    this.#timers.watchdog();
  }
}
