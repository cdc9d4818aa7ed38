/** When a worker that works is to be replaced all the same. Pure. */
import type { RecycleConfig } from "../manifest.ts";

/** How often workers' memory is looked at while there is a limit: soon enough for a leak, and cheap (a millisecond each). */
export const MEMORY_SAMPLE_MS = 3_000;
/** Samples above the limit, one after the other: a peak is not a leak. */
const SAMPLES = 3;
/** Up to this part of a lifetime is taken off by chance, or workers that started together would end together. */
const LIFETIME_JITTER = 0.1;

/** How many requests a new worker may answer; null for any number. @param random from 0 to 1 */
export function requestBudget(config: RecycleConfig | undefined, random: number): number | null {
  if (config?.maxRequests === undefined) return null;
  return config.maxRequests + Math.floor(random * ((config.maxRequestsJitter ?? 0) + 1));
}

/** How long a new worker may live once it is ready; null for any time. @param random from 0 to 1 */
export function lifetimeMs(config: RecycleConfig | undefined, random: number): number | null {
  return config?.lifetimeMs === undefined ? null : Math.round(config.lifetimeMs * (1 - LIFETIME_JITTER * random));
}

/** Counts samples above the limit, by worker. */
export class MemoryWatch {
  readonly #limitMiB: number;
  readonly #above = new Map<number, number>();

  constructor(limitMiB: number) {
    this.#limitMiB = limitMiB;
  }

  /**
   * Takes one sample of every worker that is ready; forgets all others.
   * @param samples memory in MiB by worker id; null when it can't be read
   * @returns ids of workers that were above the limit often enough
   */
  take(samples: ReadonlyMap<number, number | null>): readonly number[] {
    for (const id of this.#above.keys()) if (!samples.has(id)) this.#above.delete(id);
    for (const [id, memoryMiB] of samples) {
      this.#above.set(id, memoryMiB !== null && memoryMiB > this.#limitMiB ? (this.#above.get(id) ?? 0) + 1 : 0);
    }
    return [...this.#above].filter(([, count]) => count >= SAMPLES).map(([id]) => id);
  }
}
