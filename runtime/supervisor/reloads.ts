/** Reloads: which code new workers run, and who waits for the outcome. */
import type { Outcome } from "../supervisor-report.ts";
import type { Reload } from "./roll.ts";

export type Answer = (outcome: Outcome) => void;

export class Reloads {
  #committed = 0;
  #candidate: number | null = null;
  #last = 0;
  #queued = false;
  #next: Answer[] = [];
  #current: Answer[] = [];

  /**
   * The epoch of replacements. A reload's own epoch only once its canary is ready: code that doesn't boot changes nothing,
   * not even for a worker that dies meanwhile.
   */
  get committed(): number {
    return this.#committed;
  }

  /** The epoch of the reload under way; null when there is none. */
  get candidate(): number | null {
    return this.#candidate;
  }

  get underWay(): Reload | null {
    return this.#candidate === null ? null : { epoch: this.#candidate, proven: this.#candidate === this.#committed };
  }

  /** The epoch of a worker that the roll starts. */
  get newest(): number {
    return this.#candidate ?? this.#committed;
  }

  /** One more is to follow the one under way, or the boot. */
  get queued(): boolean {
    return this.#queued;
  }

  queue(): void {
    this.#queued = true;
  }

  /** Answered by the next reload that starts: the one under way may have begun with older code. */
  request(answer: Answer): void {
    this.#next.push(answer);
  }

  /** @returns its epoch */
  begin(): number {
    this.#queued = false;
    this.#current.push(...this.#next.splice(0));
    this.#candidate = this.#last += 1;
    return this.#candidate;
  }

  /** A worker of this epoch is ready. */
  proven(epoch: number): void {
    if (epoch === this.#candidate) this.#committed = epoch;
  }

  end(outcome: Outcome): void {
    this.#candidate = null;
    for (const answer of this.#current.splice(0)) answer(outcome);
  }

  /** The supervisor ends: nobody is to wait any longer. */
  dismiss(outcome: Outcome): void {
    this.#current.push(...this.#next.splice(0));
    this.end(outcome);
  }
}
