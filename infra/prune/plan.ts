/** Which old releases of a group go. Pure. */

/** A version of the launch template: one release, and what its machines are. */
export interface TemplateVersion {
  number: number;
  /** AWS doesn't remove the default. */
  isDefault: boolean;
  /** The manifest's sha256 in its user data; undefined where it names none. */
  manifest: string | undefined;
}

export interface StoredObject {
  /** `archives/…` or `manifests/…`, followed by the sha256. */
  key: string;
  bytes: number;
  storedAtMs: number;
}

/** So long an object is left alone, whoever needs it: an `up` puts it there before anything names it. */
export const UNTOUCHED_MS = 86_400_000;

/** Versions that go: all but the newest, those in use, and AWS's default. @param inUse what the group, its machines and refreshes are on */
export function versionsToRemove(versions: readonly TemplateVersion[], inUse: ReadonlySet<number>, keepReleases: number): number[] {
  const newest = versions.map(({ number }) => number).sort((a, b) => b - a);
  const kept = new Set([...newest.slice(0, keepReleases), ...inUse]);
  return versions.filter(({ number, isDefault }) => !isDefault && !kept.has(number)).map(({ number }) => number);
}

export interface ManifestsKept {
  /** Versions that are there. */
  versions: readonly TemplateVersion[];
  manifests: readonly StoredObject[];
  /** The manifest that the fleet's record in the bucket names, where it has one. */
  record: string | undefined;
  keepReleases: number;
}

/** sha256 of manifests that stay: of every version that is there, so that none can be gone back to in vain, and the newest besides. */
export function manifestsToKeep({ versions, manifests, record, keepReleases }: ManifestsKept): Set<string> {
  const named = versions.flatMap(({ manifest }) => (manifest === undefined ? [] : [manifest]));
  const newest = manifests.toSorted((a, b) => b.storedAtMs - a.storedAtMs).slice(0, keepReleases);
  return new Set([...named, ...newest.map(({ key }) => hashIn(key)), ...(record === undefined ? [] : [record])]);
}

/** @param kept sha256 of whatever stays */
export function objectsToRemove(objects: readonly StoredObject[], kept: ReadonlySet<string>, nowMs: number): StoredObject[] {
  return objects.filter(({ key, storedAtMs }) => OURS.test(key) && !kept.has(hashIn(key)) && nowMs - storedAtMs > UNTOUCHED_MS);
}

/** What isn't named like this, we didn't put there. */
const OURS = /^(archives|manifests)\/[0-9a-f]{64}$/;

export const hashIn = (key: string): string => key.slice(key.indexOf("/") + 1);
