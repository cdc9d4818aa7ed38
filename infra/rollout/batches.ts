/** Which machines are switched together. Pure. */

/** A number of machines, or a part of the fleet such as "25%". */
export type BatchSize = number | string;

export const batchPart = /^([1-9]\d?|100)%$/;

/** As Kubernetes has it for `maxSurge` and `maxUnavailable` of a Deployment's rolling update. */
export const DEFAULT_BATCH: BatchSize = "25%";

/** The number of machines that a setting means: of the whole fleet, rounded up, 1 or more. */
export function batchCount(batch: BatchSize, fleetSize: number): number {
  if (typeof batch === "number") return batch;
  return Math.max(1, Math.ceil((Number.parseInt(batch, 10) * fleetSize) / 100));
}

/** What decides whether batches would spare anybody anything. */
export interface Stakes {
  /** The release has served before, and is brought back. */
  recovers: boolean;
  /** How many machines of the fleet serve the app now. */
  serving: number;
}

/** All at once where there is nothing that a bad release could take down, and the release is no new one; else in batches. */
export function groups<T>(machines: readonly T[], batch: BatchSize, fleetSize: number, { recovers, serving }: Stakes): T[][] {
  if (!recovers || serving > 0) return batches(machines, batch, fleetSize);
  return machines.length === 0 ? [] : [[...machines]];
}

/**
 * The first machine alone, then `batch` at a time, in the order given.
 * @param fleetSize of all machines, those that need no change included: a part of it may be away at a time
 */
export function batches<T>(machines: readonly T[], batch: BatchSize, fleetSize: number = machines.length): T[][] {
  const [first, ...rest] = machines;
  if (first === undefined) return [];
  const size = batchCount(batch, fleetSize);
  const groups: T[][] = [[first]];
  for (let index = 0; index < rest.length; index += size) groups.push(rest.slice(index, index + size));
  return groups;
}
