/** Looks after the workers as time goes by: deadlines, lifetimes, memory. */
import type { Crew } from "./crew.ts";
import { MemoryWatch } from "./recycling.ts";
import type { SupervisorEffects } from "./settings.ts";

/** A timer this late means that we were asleep (suspended, stopped, starved): the workers' beats may just be unread. */
const ASLEEP_MS = 250;

export class Patrol {
  readonly #crew: Crew;
  readonly #effects: Pick<SupervisorEffects, "clock" | "memoryMiB">;
  readonly #memoryWatch: MemoryWatch;

  /** @param memoryMiB of a worker; above it in several samples it is replaced. @default never */
  constructor(crew: Crew, effects: Pick<SupervisorEffects, "clock" | "memoryMiB">, memoryMiB = Infinity) {
    this.#crew = crew;
    this.#effects = effects;
    this.#memoryWatch = new MemoryWatch(memoryMiB);
  }

  /** @param plannedMs when the timer was to go off */
  deadlines(plannedMs: number): void {
    const nowMs = this.#effects.clock.nowMs();
    const { roster } = this.#crew;
    if (nowMs - plannedMs > ASLEEP_MS) roster.restartDeadlines(nowMs);
    else this.#crew.takeAll("deadline", roster.due(nowMs));
    for (const { id } of roster.expired(nowMs)) this.#crew.take(id, "recycle", { reason: "lifetime" });
  }

  memory(): void {
    const samples = new Map(this.#crew.roster.ready.map(({ id, pid }) => [id, this.#effects.memoryMiB(pid)]));
    for (const id of this.#memoryWatch.take(samples)) this.#crew.take(id, "recycle", { reason: "memory" });
  }
}
