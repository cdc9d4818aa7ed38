/** Counts what happened to workers, for status and metrics. */
import type { RestartReason, SupervisorStatus } from "../supervisor-report.ts";

export class Tally {
  readonly #restarts = new Map<RestartReason, number>();
  #succeeded = 0;
  #failed = 0;

  restarted(reason: RestartReason): void {
    this.#restarts.set(reason, (this.#restarts.get(reason) ?? 0) + 1);
  }

  reloaded(ok: boolean): void {
    if (ok) this.#succeeded += 1;
    else this.#failed += 1;
  }

  get restarts(): SupervisorStatus["restarts"] {
    return Object.fromEntries(this.#restarts);
  }

  get reloads(): SupervisorStatus["reloads"] {
    return { succeeded: this.#succeeded, failed: this.#failed };
  }
}
