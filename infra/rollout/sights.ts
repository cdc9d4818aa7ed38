/**
 * What machines said of themselves last, for the other processes of the same run: the program asks them, then the rollout does its work,
 * then a table closes the run. Kept in the run's own folder, which nobody else may read, and gone with it.
 */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Observation, Reachable } from "./observation.ts";
import { sessionsFolder } from "./transports/shared-sessions.ts";

interface Kept {
  /** On CLOCK_MONOTONIC, which all processes of a computer read alike. */
  atMs: number;
  sight: Reachable;
}

const monotonicMs = (): number => Number(process.hrtime.bigint() / 1_000_000n);

/** Adds to what is kept of a fleet, or replaces it. Nothing is done outside of a run that shares its connections. */
export function keepSights(fleet: string, sights: Iterable<readonly [machine: string, sight: Observation]>): void {
  const path = pathOf(fleet);
  if (path === undefined) return;
  const kept = { ...readAll(path) };
  for (const [machine, sight] of sights) {
    delete kept[machine];
    // The key for the versions of secrets is nothing that has to lie in a file.
    if (sight.state === "reachable") kept[machine] = { atMs: monotonicMs(), sight: { ...sight, secretKey: undefined } };
  }
  writeFileSync(`${path}.${process.pid}`, JSON.stringify(kept), { mode: 0o600 });
  renameSync(`${path}.${process.pid}`, path);
}

/** What a machine of the fleet said no longer than `maxAgeMs` ago, by its name. */
export function recentSights(fleet: string, maxAgeMs: number): ReadonlyMap<string, Reachable> {
  const path = pathOf(fleet);
  const kept = path === undefined ? {} : readAll(path);
  const recent = Object.entries(kept).filter(([, { atMs }]) => monotonicMs() - atMs <= maxAgeMs);
  return new Map(recent.map(([machine, { sight }]) => [machine, sight]));
}

function pathOf(fleet: string): string | undefined {
  const folder = sessionsFolder();
  return folder === undefined ? undefined : join(folder, `sights-${fleet}.json`);
}

/** Whatever can't be read is asked again. */
function readAll(path: string): Record<string, Kept> {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Record<string, Kept>;
  } catch {
    return {};
  }
}
