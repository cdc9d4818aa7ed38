/** Reads what sizing needs from /proc and the control group tree, version 1 and 2. */
import { readFileSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import { join, relative } from "node:path";
import { type Membership, type Mount, parseAffinity, parseCgroup, parseMounts } from "./cgroup.ts";
import type { MachineFacts } from "./sizing.ts";

const MIB = 2 ** 20;

export interface FactsSource {
  /** Where `/proc` and `/sys` are; tests give a made-up tree. */
  readonly root: string;
  readonly fallbackCores: number;
  readonly totalMemoryBytes: number;
}

export function readFacts(
  source: FactsSource = { root: "/", fallbackCores: availableParallelism(), totalMemoryBytes: totalmem() },
): MachineFacts {
  const read = reader(source.root);
  const affinity = parseAffinity(read("/proc/self/status") ?? "");
  const folders = (controller: string): string[] =>
    foldersUp(parseMounts(read("/proc/self/mountinfo") ?? ""), parseCgroup(read("/proc/self/cgroup") ?? ""), controller);
  const quotas = folders("cpu").flatMap((folder) => quotaIn(folder, read) ?? []);
  const memoryLimits = folders("memory").flatMap((folder) => memoryLimitIn(folder, read) ?? []);
  return {
    affinityCores: affinity ?? source.fallbackCores,
    quotaCores: quotas.length === 0 ? null : Math.min(...quotas),
    memoryMiB: Math.min(source.totalMemoryBytes, ...memoryLimits) / MIB,
  };
}

type Read = (path: string) => string | null;

/** A file that isn't there, or can't be read, sets no limit. */
function reader(root: string): Read {
  return (path) => {
    try {
      return readFileSync(join(root, path), "utf8").trim();
    } catch {
      return null;
    }
  };
}

/** This process's folder in each hierarchy that has the controller, and all folders above it. */
function foldersUp(mounts: readonly Mount[], memberships: readonly Membership[], controller: string): string[] {
  return mounts.flatMap((mount) => {
    // Version 2 has one hierarchy for all controllers; a file that isn't there tells that it lacks this one.
    if (mount.version === 1 && !mount.controllers.includes(controller)) return [];
    const own = memberships.find((membership) =>
      mount.version === 2 ? membership.controllers.length === 0 : membership.controllers.includes(controller),
    );
    return own === undefined ? [] : pathsUp(mount, own.path);
  });
}

/** In a container the mount shows a part of the tree only, and the path may begin above it. */
function pathsUp(mount: Mount, path: string): string[] {
  const inside = relative(mount.root, path);
  const parts = inside.startsWith("..") ? [] : inside.split("/").filter((part) => part !== "");
  return [...parts.keys(), parts.length].map((depth) => join(mount.point, ...parts.slice(0, depth)));
}

function quotaIn(folder: string, read: Read): number | null {
  const [quota, period] =
    read(`${folder}/cpu.max`)?.split(" ").map(Number) ??
    [read(`${folder}/cpu.cfs_quota_us`), read(`${folder}/cpu.cfs_period_us`)].map((text) => Number(text ?? -1));
  // "max" is NaN here, and -1 is version 1's word for it.
  return quota !== undefined && period !== undefined && quota > 0 && period > 0 ? quota / period : null;
}

function memoryLimitIn(folder: string, read: Read): number | null {
  const limit = Number(read(`${folder}/memory.max`) ?? read(`${folder}/memory.limit_in_bytes`) ?? "max");
  return limit > 0 ? limit : null;
}
