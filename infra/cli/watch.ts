/** Shows a rollout that runs in another process, by the events that it writes into a file. */
import { closeSync, existsSync, mkdtempSync, openSync, readSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EVENTS_VARIABLE } from "../overrides.ts";
import { type RolloutEvent, stamp, type Tell } from "../rollout/events.ts";
import type { Plan } from "../rollout/plan.ts";
import { columns, type Say } from "../rollout/progress.ts";
import { summaryLines } from "../rollout/summary.ts";
import { advance, frame, type Live, type LiveEvent } from "./live.ts";
import { canDraw, Screen } from "./screen.ts";

const LOOK_EVERY_MS = 100;

/** How a command shows what happens. */
export interface Watch {
  /** Whether the machines' steps are shown by this, so that nobody else need tell them. */
  live: boolean;
  /** A line for people. */
  print: (line: string) => void;
  /** Shows what is left to be shown. */
  stop: () => void;
}

/**
 * Starts to watch: with `json`, each event is a line on standard output; on a terminal, each machine has a line that changes.
 * Elsewhere nothing is done, as the rollout's own lines are shown. Sets the variable that tells the rollout where to write.
 */
export function watchRollout({ json = false }: { json?: boolean } = {}): Watch {
  const print = (line: string): void => void process.stderr.write(`${line}\n`);
  const live = !json && canDraw(process.stderr, process.env);
  if (!json && !live) return { live, print, stop: () => undefined };
  const given = process.env[EVENTS_VARIABLE];
  const folder = given ? undefined : mkdtempSync(join(tmpdir(), "fleetwright-events-"));
  const path = given || join(folder ?? "", "events");
  process.env[EVENTS_VARIABLE] = path;
  const tail = new Tail(path);
  const view = live ? new View(new Screen(process.stderr)) : undefined;
  const look = (): void => {
    for (const line of tail.read()) {
      if (json) process.stdout.write(`${line}\n`);
      else view?.take(JSON.parse(line) as LiveEvent);
    }
    view?.draw();
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  const stop = (): void => {
    clearInterval(timer);
    look();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  };
  // What the rollout told before comes first: its end, say, before the error it ends with.
  const printBelow = (line: string): void => {
    look();
    view?.print(line);
  };
  return { live, print: view === undefined ? print : printBelow, stop };
}

/** The fleets' rollouts on a terminal. */
export class View {
  readonly #screen: Screen;
  readonly #fleets = new Map<string, { live: Live; startedMs: number; events: LiveEvent[] }>();

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  print(line: string): void {
    this.#screen.print(line);
  }

  /** An end leaves its last picture and the summary as lines. */
  take(event: LiveEvent): void {
    const fleet = event.fleet ?? "";
    const known = this.#fleets.get(fleet);
    const live = advance(known?.live, event);
    if (live === undefined) return;
    const events = event.event === "begin" ? [event] : [...(known?.events ?? []), event];
    const now = { live, startedMs: event.event === "begin" ? performance.now() - event.afterMs : (known?.startedMs ?? 0), events };
    if (!live.ended) return void this.#fleets.set(fleet, now);
    this.#fleets.delete(fleet);
    this.draw();
    const last = frame(live, event.afterMs, this.#screen.size);
    for (const line of [...last, ...summaryLines(events)]) this.#screen.print(line);
  }

  draw(): void {
    const nowMs = performance.now();
    this.#screen.draw([...this.#fleets.values()].flatMap(({ live, startedMs }) => frame(live, nowMs - startedMs, this.#screen.size)));
  }
}

/** Whole lines that were added to a file since the last look. */
export class Tail {
  readonly #path: string;
  #offset: number;
  #rest = Buffer.alloc(0);

  constructor(path: string) {
    this.#path = path;
    this.#offset = existsSync(path) ? statSync(path).size : 0;
  }

  read(): string[] {
    if (!existsSync(this.#path)) return [];
    const more = Buffer.alloc(Math.max(0, statSync(this.#path).size - this.#offset));
    const file = openSync(this.#path, "r");
    const read = more.length === 0 ? 0 : readSync(file, more, 0, more.length, this.#offset);
    closeSync(file);
    this.#offset += read;
    const all = Buffer.concat([this.#rest, more.subarray(0, read)]);
    const end = all.lastIndexOf("\n") + 1;
    this.#rest = all.subarray(end);
    return all
      .subarray(0, end)
      .toString("utf8")
      .split("\n")
      .filter((line) => line !== "");
  }
}

/** The same for a rollout of this process. */
export interface OwnWatch {
  say: Say;
  tell: Tell;
  stop: () => void;
}

export function watchOwn({ fleet, machines }: Pick<Plan, "fleet" | "machines">, { json = false }: { json?: boolean }): OwnWatch {
  const startedMs = performance.now();
  const print = (line: string): void => void process.stderr.write(`${line}\n`);
  const stamped = (event: RolloutEvent): LiveEvent => ({ ...stamp(event, startedMs), fleet });
  const nothing = (): void => undefined;
  if (json) return { say: nothing, tell: (event) => void process.stdout.write(`${JSON.stringify(stamped(event))}\n`), stop: nothing };
  if (canDraw(process.stderr, process.env)) {
    const view = new View(new Screen(process.stderr));
    const timer = setInterval(() => view.draw(), LOOK_EVERY_MS);
    return { say: nothing, tell: (event) => view.take(stamped(event)), stop: () => clearInterval(timer) };
  }
  const events: RolloutEvent[] = [];
  const names = machines.map(({ name }) => name);
  return { say: columns(names, print), tell: (event) => void events.push(event), stop: () => summaryLines(events).forEach(print) };
}
