/** Removes archives from this computer's cache that nobody used for long; what is needed again is built again. */
import { existsSync, readdirSync, rmSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { cachePath } from "./cache.ts";

/** Both must be exceeded: an app that is deployed once a year keeps its last releases. */
const KEEP_NEWEST = 20;
const KEEP_MS = 30 * 24 * 3_600_000;

export interface Cached {
  path: string;
  usedAtMs: number;
}

/** Which go: neither among the newest nor used lately. Pure. */
export function planCache(entries: readonly Cached[], nowMs: number): string[] {
  const byAge = entries.toSorted((a, b) => b.usedAtMs - a.usedAtMs);
  return byAge.slice(KEEP_NEWEST).flatMap(({ path, usedAtMs }) => (nowMs - usedAtMs > KEEP_MS ? [path] : []));
}

/** What each folder of the cache holds that is named by a hash, or by a version of Node; all else in it is somebody else's to keep. */
const SHELVES = [
  ["archives", /^[0-9a-f]{64}\.tar\.gz$/],
  ["packages/packed", /^[0-9a-f]{64}$/],
  ["compiled", /^v\d+\./],
  ["releases", /^[0-9a-f]{64}$/],
  ["runtimes", /^[0-9a-f]{64}$/],
] as const;

/** Best effort: what can't be removed stays. An archive that is just being read stays readable until it is closed. */
export function pruneCache(nowMs = Date.now()): string[] {
  const gone = SHELVES.flatMap(([shelf, names]) => planCache(entriesOf(cachePath(shelf), names), nowMs));
  for (const path of gone) {
    try {
      rmSync(path, { recursive: true, force: true });
    } catch {
      // Another user's, in a shared cache.
    }
  }
  return gone;
}

function entriesOf(folder: string, names: RegExp): Cached[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => names.test(name))
    .map((name) => join(folder, name))
    .map((path) => ({ path, usedAtMs: statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Number.POSITIVE_INFINITY }));
}

/** Notes that something of the cache was used just now. */
export function touch(path: string, now = new Date()): void {
  try {
    utimesSync(path, now, now);
  } catch {
    // Read-only, or another user's: then it goes by when it was made.
  }
}
