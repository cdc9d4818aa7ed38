/** The parent of the workers: one queue, one loop that takes one event at a time, and tables that say what it means. */

import type { SupervisorStatus } from "../report.ts";
import type { Clock } from "./clock.ts";
import { Crew, type CrewEffects } from "./crew.ts";
import { type SupervisorExit, supervisorExit } from "./exit.ts";
import { type Lifecycle, type LifecycleAction, type LifecycleEvent, lifecycleTable } from "./lifecycle.ts";
import { type Notifier, reloadingAssignments } from "./notify.ts";
import { EventQueue } from "./queue.ts";
import { nextRollStep } from "./reload.ts";
import type { Sizing } from "./sizing.ts";
import type { Ending } from "./spawn.ts";
import type { TimeLimits, WorkerEvent } from "./worker-states.ts";

export interface SupervisorEffects extends CrewEffects {
  readonly notifier: Notifier;
  /** CLOCK_MONOTONIC in nanoseconds, for systemd. */
  hrtimeNs(): bigint;
}

export interface SupervisorSettings {
  readonly pid: number;
  readonly sizing: Sizing;
  readonly limits: TimeLimits;
  /** Null: systemd watches nobody. */
  readonly watchdogIntervalMs: number | null;
  /** Where it listens, for people. */
  readonly where: string;
}

type Event =
  | { readonly kind: "lifecycle"; readonly event: LifecycleEvent }
  | { readonly kind: "worker"; readonly id: number; readonly event: WorkerEvent; readonly ending: Ending | undefined }
  /** A deadline planned for then may have come. */
  | { readonly kind: "time"; readonly plannedMs: number }
  | { readonly kind: "watchdog" };

/** A timer this late means that we were asleep (suspended, stopped, starved): the workers' beats may just be unread. */
const ASLEEP_MS = 250;

export class Supervisor {
  readonly #settings: SupervisorSettings;
  readonly #effects: SupervisorEffects;
  readonly #clock: Clock;
  readonly #queue = new EventQueue<Event>();
  readonly #crew: Crew;
  /** What an event led to; taken before anything else, as a reload that has failed must not go on with the next slot. */
  readonly #consequences: LifecycleEvent[] = [];
  #lifecycle: Lifecycle = "booting";
  #epoch = 0;
  #reloadQueued = false;
  #exit: SupervisorExit = supervisorExit.stopped;
  #finished = false;
  #disarm: () => void = () => {};

  constructor(settings: SupervisorSettings, effects: SupervisorEffects) {
    this.#settings = settings;
    this.#effects = effects;
    this.#clock = effects.clock;
    this.#crew = new Crew(settings.sizing.workers, settings.limits, effects, {
      worker: (id, event, ending) => this.#queue.push({ kind: "worker", id, event, ending }),
      lifecycle: (event) => this.#consequences.push(event),
    });
  }

  /** For signal handlers: only enqueues. */
  ask(event: LifecycleEvent): void {
    this.#queue.push({ kind: "lifecycle", event });
  }

  /** Supervises until asked to stop, or until it gives up. */
  async run(): Promise<SupervisorExit> {
    this.#effects.log("info", `Started parent process [${this.#settings.pid}]`);
    this.#armWatchdog();
    this.#crew.fill(this.#epoch);
    while (!this.#finished) {
      this.#arm();
      this.#take(await this.#queue.next());
      this.#followUp();
    }
    this.#disarm();
    return this.#exit;
  }

  status(): SupervisorStatus {
    const { roster } = this.#crew;
    return {
      schema: 1,
      pid: this.#settings.pid,
      state: this.#lifecycle,
      cores: this.#settings.sizing.cores,
      sizing: this.#settings.sizing.reason,
      workers: { wanted: roster.slots.length, ready: roster.ready.length, pids: roster.ready.map(({ pid }) => pid) },
    };
  }

  #take(event: Event): void {
    switch (event.kind) {
      case "lifecycle":
        return this.#step(event.event);
      case "worker":
        return this.#crew.take(event.id, event.event, event.ending);
      case "time":
        return this.#judgeDeadlines(event.plannedMs);
      case "watchdog":
        return this.#pingWatchdog();
    }
  }

  /** What follows from the state as it is now, whatever the event was. */
  #followUp(): void {
    const { roster } = this.#crew;
    for (const event of this.#consequences.splice(0)) this.#step(event);
    this.#crew.fill(this.#epoch);
    if (this.#lifecycle === "reloading") this.#roll();
    if (roster.settled) this.#step("settled");
    if (roster.workers.length === 0) this.#step("empty");
  }

  #step(event: LifecycleEvent): void {
    const { next, action } = lifecycleTable[this.#lifecycle][event];
    this.#lifecycle = next;
    this.#actions[action]();
  }

  readonly #actions: Readonly<Record<LifecycleAction, () => void>> = {
    none: () => {},
    drainAll: () => this.#stop("Stopping: requests under way may end, new ones are not taken", "retire"),
    killAll: () => this.#stop("Stopping now: all workers are killed", "force"),
    startReload: () => this.#startReload(),
    queueReload: () => {
      this.#reloadQueued = true;
    },
    addSlot: () => this.#crew.roster.addSlot(),
    removeSlot: () => this.#crew.takeAll("retire", this.#crew.roster.removeSlot()),
    announceReady: () => this.#announce("info", `Ready: ${this.#count()} on ${this.#settings.where} (${this.#settings.sizing.reason})`),
    announceRolled: () => this.#announce("info", `Reloaded: ${this.#count()}`),
    announceRollFailed: () =>
      this.#announce("error", "Reload failed: a new worker did not become ready; the workers that were there go on"),
    abandon: () => this.#abandon(),
    finish: () => {
      this.#finished = true;
    },
  };

  #stop(text: string, event: "retire" | "force"): void {
    this.#effects.log("info", text);
    this.#effects.notifier.send("STOPPING=1", `STATUS=${text}`);
    this.#crew.roster.dissolve();
    this.#crew.takeAll(event);
  }

  #abandon(): void {
    this.#exit = supervisorExit.bootFailed;
    const failure = this.#crew.lastFailure;
    const lines = [`No worker became ready: the last one ${failure?.how}. Its last lines:`, ...(failure?.tail ?? [])];
    this.#effects.log("error", lines.join("\n  | "));
    this.#stop("Giving up", "force");
  }

  #startReload(): void {
    this.#epoch += 1;
    this.#reloadQueued = false;
    this.#effects.log("info", "Reloading: one worker at a time, the new one first");
    this.#effects.notifier.send(...reloadingAssignments(this.#effects.hrtimeNs()), "STATUS=Reloading");
  }

  #roll(): void {
    const { slots, workers } = this.#crew.roster;
    const step = nextRollStep(slots, workers, this.#epoch);
    if (step.kind === "succeed") this.#crew.start(step.slot, this.#epoch);
    else if (step.kind === "done") this.#step("rolled");
  }

  #announce(level: "info" | "error", text: string): void {
    this.#effects.log(level, text);
    this.#effects.notifier.send("READY=1", `STATUS=${text}`);
    if (this.#reloadQueued) this.ask("reload");
  }

  #count(): string {
    const { wanted, ready } = this.status().workers;
    return `${ready} of ${wanted} worker${wanted === 1 ? "" : "s"}`;
  }

  #judgeDeadlines(plannedMs: number): void {
    const nowMs = this.#clock.nowMs();
    const { roster } = this.#crew;
    if (nowMs - plannedMs > ASLEEP_MS) roster.restartDeadlines(nowMs);
    else this.#crew.takeAll("deadline", roster.due(nowMs));
  }

  /** One timer, for the earliest deadline of all. */
  #arm(): void {
    this.#disarm();
    const plannedMs = this.#crew.roster.nextDeadlineMs();
    if (plannedMs === null) return;
    const delayMs = plannedMs - this.#clock.nowMs();
    this.#disarm = this.#clock.after(delayMs, () => this.#queue.push({ kind: "time", plannedMs }));
  }

  #armWatchdog(): void {
    const { watchdogIntervalMs } = this.#settings;
    if (watchdogIntervalMs !== null) this.#clock.after(watchdogIntervalMs, () => this.#queue.push({ kind: "watchdog" }));
  }

  /** No ping when no worker lives: systemd then starts everything anew, which is all that is left to try. */
  #pingWatchdog(): void {
    const someoneLives = this.#crew.roster.workers.some(({ state }) => state === "booting" || state === "ready");
    const between = this.#lifecycle === "booting" || this.#lifecycle === "stopping";
    if (someoneLives || between) this.#effects.notifier.send("WATCHDOG=1");
    this.#armWatchdog();
  }
}
