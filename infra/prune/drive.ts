/** Removes what no release that can be gone back to needs: versions of the template first, so that none is left without its archives. */
import type { GroupState } from "../refresh/group.ts";
import { versionOf } from "../refresh/group.ts";
import { hasEnded, type Refresh } from "../refresh/status.ts";
import type { PruneApi } from "./api.ts";
import { manifestsToKeep, objectsToRemove, type StoredObject, versionsToRemove } from "./plan.ts";

export interface PruneOptions {
  keepReleases: number;
  nowMs: number;
}

export interface Pruned {
  /** Numbers of the template's versions that are gone. */
  versions: number[];
  objects: StoredObject[];
}

/** What the group, its machines and its refreshes are on. */
export interface InUse {
  group: GroupState | undefined;
  refreshes: readonly Refresh[];
}

/** @throws what AWS says; what is left then is whole */
export async function prune(api: PruneApi, inUse: InUse, { keepReleases, nowMs }: PruneOptions): Promise<Pruned> {
  const used = numbersIn(inUse);
  const before = await api.versions();
  await api.removeVersions(versionsToRemove(before, used, keepReleases));
  // Asked anew: what AWS kept has its archives kept.
  const versions = await api.versions();
  const [manifests, archives, record] = [await api.objects("manifests"), await api.objects("archives"), await api.record()];
  const kept = manifestsToKeep({ versions, manifests, record, keepReleases });
  // Those of the last day stay too, and so does what they name.
  const going = new Set(objectsToRemove(manifests, kept, nowMs).map(({ key }) => key));
  const staying = manifests.filter(({ key }) => !going.has(key)).map(({ key }) => key.slice("manifests/".length));
  const named = await Promise.all([...new Set([...kept, ...staying])].map((manifest) => api.archivesOf(manifest)));
  const objects = objectsToRemove([...manifests, ...archives], new Set([...kept, ...named.flat()]), nowMs);
  await api.removeObjects(objects.map(({ key }) => key));
  const left = new Set(versions.map(({ number }) => number));
  return { versions: before.map(({ number }) => number).filter((number) => !left.has(number)), objects };
}

function numbersIn({ group, refreshes }: InUse): Set<number> {
  const policy = group?.policy === undefined ? [] : [versionOf(group.policy)];
  const machines = group?.machines.flatMap(({ version }) => version ?? []) ?? [];
  const running = refreshes.filter((refresh) => !hasEnded(refresh)).flatMap(({ version }) => version ?? []);
  return new Set([...policy, ...machines, ...running].map(Number));
}

/** For people; undefined when nothing is gone. */
export function prunedLine({ versions, objects }: Pruned): string | undefined {
  if (versions.length + objects.length === 0) return undefined;
  const bytes = objects.reduce((sum, object) => sum + object.bytes, 0);
  const size = `${objects.length} ${objects.length === 1 ? "object" : "objects"} (${Math.round(bytes / 1_048_576)} MiB)`;
  const template = versions.length === 0 ? "" : `${versions.length} of the template's versions, `;
  return `old releases are gone: ${template}${size} in the bucket`;
}
