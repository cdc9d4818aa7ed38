/** Which sets and objects of a store have had their time. Pure but for `prune`. */
import type { NamedSet, StoredObject } from "./set.ts";
import { objectsOf } from "./set.ts";
import { StoreFailure } from "./store/files.ts";
import { OBJECTS, PARTIAL, type StackName } from "./store/layout.ts";
import type { RecoveryStore } from "./store/store.ts";

/** What is younger may belong to a push under way, of whoever. A push takes minutes; clocks differ by less than this, too. */
const GRACE_MS = 24 * 3_600_000;

/** Sets that go: all behind the newest `keep` that are whole. A spoiled one takes nobody's place, and the last good one never goes. */
export function oldSets(ids: readonly string[], good: readonly string[], keep: number): string[] {
  const oldest = good.slice(0, Math.max(1, keep)).at(-1);
  if (oldest === undefined) return [];
  return ids.slice(ids.indexOf(oldest) + 1);
}

/** Objects that no set names. */
export function oldObjects(
  objects: readonly (StoredObject & { writtenAtMs: number })[],
  named: ReadonlySet<string>,
  nowMs: number,
): string[] {
  return objects.flatMap(({ sha256, writtenAtMs }) => (!named.has(sha256) && nowMs - writtenAtMs > GRACE_MS ? [sha256] : []));
}

export interface Pruned {
  sets: number;
  objects: number;
}

/** Objects stay when a set of any stack can't be read: nobody knows what it names. */
export async function prune(store: RecoveryStore, stack: StackName, keep: number, nowMs: number): Promise<Pruned> {
  const ids = await store.setIds(stack);
  const { good } = await store.sets(stack);
  const gone = oldSets(
    ids,
    good.map(({ id }) => id),
    keep,
  );
  for (const id of gone) await store.deleteSet(stack, id);
  const named = await namedObjects(store);
  const objects = named === undefined ? [] : oldObjects(await store.list(), named, nowMs);
  for (const sha256 of objects) await store.delete(sha256);
  await removePartials(store, nowMs);
  return { sets: gone.length, objects: objects.length };
}

async function namedObjects(store: RecoveryStore): Promise<Set<string> | undefined> {
  const all: NamedSet[] = [];
  for (const stack of await store.stacks()) {
    const { good, spoiled } = await store.sets(stack);
    if (spoiled.length > 0) return undefined;
    all.push(...good);
  }
  return new Set(all.flatMap(({ set }) => objectsOf(set).map(({ sha256 }) => sha256)));
}

/** What interrupted pushes left. */
async function removePartials({ files }: RecoveryStore, nowMs: number): Promise<void> {
  const left = (await files.list(OBJECTS)).filter(({ name, writtenAtMs }) => name.endsWith(PARTIAL) && nowMs - writtenAtMs > GRACE_MS);
  for (const { name } of left) await files.remove(name);
}

/** A store that can't be pruned just now is still a store. */
export async function pruneIfPossible(...args: Parameters<typeof prune>): Promise<Pruned | undefined> {
  try {
    return await prune(...args);
  } catch (error) {
    if (error instanceof StoreFailure) return undefined;
    throw error;
  }
}
