/** Which set of a store a recovery takes. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { exitCodes, FleetError } from "../errors.ts";
import type { NamedSet, RecoverySet } from "./set.ts";
import { StoreFailure } from "./store/files.ts";
import type { StackName } from "./store/layout.ts";
import type { RecoveryStore, SpoiledSet } from "./store/store.ts";

export interface Chosen {
  named: NamedSet;
  /** Newer ones that can't be used. */
  passedOver: SpoiledSet[];
}

/**
 * The newest set that is whole, or the one that is named by its id's beginning.
 * @throws FleetError when the store can't be reached, has nothing of this stack, or not that set
 */
export async function chooseSet(store: RecoveryStore, stack: StackName, id?: string): Promise<Chosen> {
  try {
    const { good, spoiled } = await store.sets(stack);
    const named = id === undefined ? good[0] : good.find((candidate) => candidate.id.startsWith(id));
    const known = [...good.map((set) => set.id), ...spoiled.map(spoiledLine)];
    if (named === undefined) throw nothingOf(store, stack, id, known, await store.stacks());
    return { named, passedOver: spoiled.filter((one) => one.id > named.id) };
  } catch (error) {
    throw error instanceof StoreFailure ? storeError(store, error) : error;
  }
}

const spoiledLine = ({ id, problem }: SpoiledSet): string => `${id}: ${problem}`;

/** A store's failure for people. */
export function storeError(store: RecoveryStore, { message }: StoreFailure): FleetError {
  return new FleetError(`the store ${store.url} can't be used: ${message}`, {
    kept: "everything; no machine was touched.",
    next: "mend what it says, or take another copy of the store; then run the same command again",
  });
}

function nothingOf(
  store: RecoveryStore,
  stack: StackName,
  id: string | undefined,
  sets: readonly string[],
  stacks: readonly StackName[],
): FleetError {
  const name = `${stack.project}/${stack.stack}`;
  const others = stacks.map((other) => `${other.project}/${other.stack}`);
  const what = id === undefined ? `no whole set of ${name}` : `no set "${id}" of ${name}`;
  return new FleetError(`the store ${store.url} has ${what}.`, {
    log: sets.length > 0 ? sets : [`it has sets of: ${others.join(", ") || "nothing"}`],
    kept: "everything; no machine was touched.",
    next: nextWithout(store, id, sets, others),
    exitCode: exitCodes.usage,
  });
}

function nextWithout({ url }: RecoveryStore, id: string | undefined, sets: readonly string[], others: readonly string[]): string {
  if (id !== undefined && sets.length > 0) return "name one of these, or none for the newest that is whole: --set ID";
  if (sets.length > 0) return "take another copy of the store: none of its sets is whole";
  return others.length === 0 ? whenEmpty(url) : "name the stack as it was brought up (--stack S), in its project's folder";
}

/** What to do about a store that has nothing at all: a folder may not be mounted. */
export function whenEmpty(url: string): string {
  if (url.startsWith("file:") && !existsSync(fileURLToPath(url)))
    return `there is no folder ${fileURLToPath(url)} here: mount it, or see --from`;
  return "it holds no set at all: is it the right store? see --from";
}

/** One line about a set. Pure. */
export function setLine({ id, set }: { id: string; set: Pick<RecoverySet, "createdAt" | "by" | "after" | "live"> }, nowMs: number): string {
  const live = Object.entries(set.live).map(([fleet, release]) => `${fleet} on ${release.slice(0, 8)}`);
  return `set ${id}: ${ageText(nowMs - Date.parse(set.createdAt))} old, after ${set.after} by ${set.by}; ${live.join(", ")}`;
}

/** Pure. */
export function ageText(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 120) return `${Math.max(0, minutes)} min`;
  return minutes < 48 * 60 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / 1440)} days`;
}
