/** Puts a set into a store: first what it names, then the set itself. Whatever breaks off, the set before stays whole. */
import type { RecoveryConfig } from "./config.ts";
import type { Gathered } from "./gather.ts";
import { pagesOf } from "./page.ts";
import { type Pruned, pruneIfPossible } from "./prune.ts";
import { archivesOf, objectsOf, type RecoverySet, type StoredObject } from "./set.ts";
import { StoreFailure } from "./store/files.ts";
import type { RecoveryStore } from "./store/store.ts";

export interface Pushed {
  id: string;
  set: RecoverySet;
  /** Objects that weren't there yet. */
  objects: number;
  bytes: number;
  pruned: Pruned | undefined;
}

export interface PushOptions {
  config: RecoveryConfig;
  nowMs: number;
  /** Reads what is there already, and replaces what is spoiled. */
  verify?: boolean;
}

/** @throws StoreFailure when the store fails, or lacks something that is live and this computer doesn't have */
export async function push(store: RecoveryStore, gathered: Gathered, { config, nowMs, verify = false }: PushOptions): Promise<Pushed> {
  const there = new Map((await store.list()).map(({ sha256, bytes }) => [sha256, bytes]));
  if (verify) for (const sha256 of await spoiledOf(store, gathered.set, there)) there.delete(sha256);
  const provided = ({ sha256, bytes }: StoredObject): boolean => there.get(sha256) === bytes || gathered.sources.has(sha256);
  const set = withoutLost(gathered.set, provided);
  const lost = [
    ...gathered.missing,
    ...objectsOf(set)
      .filter((object) => !provided(object))
      .map(({ sha256 }) => `object ${sha256.slice(0, 12)}`),
  ];
  if (lost.length > 0) throw new StoreFailure("missing", `neither it nor this computer has ${lost.join(", ")}`);
  const wanting = objectsOf(set).filter(({ sha256, bytes }) => there.get(sha256) !== bytes);
  for (const object of wanting) await putOne(store, object, gathered);
  if (config.key !== undefined) await store.writeKey(set, Buffer.from(config.key.wrapped));
  const id = await store.putSet(set);
  for (const { name, text } of pagesOf({ id, set }, store.url)) await store.files.write(name, { bytes: Buffer.from(text) });
  const pruned = await pruneIfPossible(store, set, config.keepSets, nowMs);
  await requireAll(store, set);
  return { id, set, objects: wanting.length, bytes: wanting.reduce((sum, { bytes }) => sum + bytes, 0), pruned };
}

/** Removes them: what can't be used is in the way of what can. */
async function spoiledOf(store: RecoveryStore, set: RecoverySet, there: ReadonlyMap<string, number>): Promise<string[]> {
  const spoiled: string[] = [];
  for (const object of objectsOf(set)) {
    if (there.get(object.sha256) !== object.bytes || (await store.isWhole(object))) continue;
    await store.delete(object.sha256);
    spoiled.push(object.sha256);
  }
  return spoiled;
}

async function putOne(store: RecoveryStore, object: StoredObject, { sources }: Gathered): Promise<void> {
  const source = sources.get(object.sha256);
  if (source === undefined) throw new Error("asked for an object that nobody has");
  if ("file" in source) await store.put(source.file, object);
  else await store.putBytes(source.bytes);
}

/** Releases that aren't live leave the ledger with their archives: a store that was added later never had them. */
function withoutLost(set: RecoverySet, provided: (object: StoredObject) => boolean): RecoverySet {
  const live = new Set(set.machines.map(({ release }) => release));
  const kept = set.releases.filter(({ id, archives, packages }) => live.has(id) || archivesOf({ archives, packages }).every(provided));
  return { ...set, releases: kept };
}

/** Somebody else's pruning may have run beside this. */
async function requireAll(store: RecoveryStore, set: RecoverySet): Promise<void> {
  const there = new Map((await store.list()).map(({ sha256, bytes }) => [sha256, bytes]));
  const gone = objectsOf(set).filter(({ sha256, bytes }) => there.get(sha256) !== bytes);
  if (gone.length > 0) throw new StoreFailure("missing", `${gone.length} objects of the set aren't there after all; push again`);
}
