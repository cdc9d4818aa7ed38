/** Changes of the number of workers: by one (TTIN, TTOU), or to a number, with somebody waiting for the outcome. */
import type { Outcome } from "../supervisor-report.ts";
import type { Crew } from "./crew.ts";
import type { Log } from "./log.ts";

export type Answer = (outcome: Outcome) => void;

/** How far TTIN and TTOU go; a wish for a number is bound by `max` only. */
export interface Bounds {
  readonly min: number;
  readonly max: number;
}

export class Scaling {
  readonly #crew: Crew;
  readonly #bounds: Bounds;
  readonly #log: Log["log"];
  #pending: { readonly workers: number; readonly answer: Answer } | null = null;

  constructor(crew: Crew, bounds: Bounds, log: Log["log"]) {
    this.#crew = crew;
    this.#bounds = bounds;
    this.#log = log;
  }

  grow(): void {
    const { roster } = this.#crew;
    if (roster.slots.length < this.#bounds.max) roster.addSlot();
    else this.#log("info", `There are ${roster.slots.length} workers, and ${this.#bounds.max} are the most that may be`);
  }

  shrink(): void {
    const { roster } = this.#crew;
    if (roster.slots.length > this.#bounds.min) this.#crew.retire(roster.removeSlot());
    else this.#log("info", `There are ${roster.slots.length} workers, and ${this.#bounds.min} are the fewest that may be`);
  }

  /** A second wish takes the place of the first. */
  to(workers: number, answer: Answer): void {
    const { max } = this.#bounds;
    if (workers < 1 || workers > max) return answer({ ok: false, text: `Not scaled: ${workers} is not between 1 and ${max}` });
    this.fail(OVERTAKEN);
    this.#log("info", `Scaling to ${counted(workers)}`, { workers });
    const { roster } = this.#crew;
    while (roster.slots.length < workers) roster.addSlot();
    while (roster.slots.length > workers) this.#crew.retire(roster.removeSlot());
    this.#pending = { workers, answer };
  }

  fail(why: string): void {
    this.#answer({ ok: false, text: `Not scaled: ${why}` });
  }

  /** Answers when all wanted workers are ready, and those that were too many have ended. */
  check(): void {
    if (this.#pending === null) return;
    const { workers } = this.#pending;
    const { roster } = this.#crew;
    if (roster.slots.length !== workers) this.fail(OVERTAKEN);
    else if (roster.settled && !roster.someoneLeaves) this.#answer({ ok: true, text: `Scaled: ${counted(workers)} ready` });
  }

  #answer(outcome: Outcome): void {
    const pending = this.#pending;
    this.#pending = null;
    pending?.answer(outcome);
  }
}

const OVERTAKEN = "another change of the number of workers came between";

const counted = (workers: number): string => `${workers} worker${workers === 1 ? "" : "s"}`;
