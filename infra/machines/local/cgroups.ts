/**
 * Every machine has control groups of its own: else all machines' systemds would use one `/system.slice`,
 * and none could kill its services.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { currentMounts, type Mount } from "./mounts.ts";
import type { MachineSpec } from "./spec.ts";

/** Where the hierarchies are mounted that matter here. A computer has v2 alone, v1 alone, or both ("hybrid"). */
export interface Hierarchies {
  v2: string | undefined;
  /** The one of v1 that systemd tracks processes in. */
  v1Systemd: string | undefined;
  v1Memory: string | undefined;
}

export function hierarchiesOf(mounts: readonly Mount[]): Hierarchies {
  const v1 = (option: string) => mounts.find(({ type, options }) => type === "cgroup" && options.includes(option))?.target;
  return {
    v2: mounts.find(({ type }) => type === "cgroup2")?.target,
    v1Systemd: v1("name=systemd"),
    v1Memory: v1("memory"),
  };
}

export interface CgroupPlan {
  /** The launcher enters these. */
  launch: string[];
  /** nspawn enters these, and all of the machine is below them. */
  machine: string[];
  /** Where the machine's memory is limited, and how; null when it can't be or needn't. */
  limit: { file: string; value: string } | null;
}

/** The groups for one machine, as absolute paths. */
export function planCgroups(
  at: Hierarchies,
  names: { cgroup: string; launchCgroup: string },
  spec: Pick<MachineSpec, "memoryMiB">,
): CgroupPlan {
  const tracked = [at.v2, at.v1Systemd].filter((path) => path !== undefined);
  const machine = tracked.map((path) => join(path, names.cgroup));
  const limit = limitOf(at, names.cgroup, spec.memoryMiB);
  if (limit !== null && !machine.includes(dirname(limit.file))) machine.push(dirname(limit.file));
  return { launch: tracked.map((path) => join(path, names.launchCgroup)), machine, limit };
}

function limitOf(at: Hierarchies, cgroup: string, memoryMiB: number | undefined): CgroupPlan["limit"] {
  if (memoryMiB === undefined) return null;
  const value = String(memoryMiB * 1024 * 1024);
  // A controller that v1 has mounted is not available in v2.
  if (at.v1Memory !== undefined) return { file: join(at.v1Memory, cgroup, "memory.limit_in_bytes"), value };
  return at.v2 === undefined ? null : { file: join(at.v2, cgroup, "memory.max"), value };
}

export function currentHierarchies(): Hierarchies {
  return hierarchiesOf(currentMounts());
}

/** Makes the groups, with all controllers that v2 has to give. */
export function makeCgroups(plan: CgroupPlan, at: Hierarchies): void {
  for (const group of [...plan.machine, ...plan.launch]) {
    mkdirSync(group, { recursive: true });
    if (at.v2 !== undefined && group.startsWith(`${at.v2}/`)) passControllersOn(at.v2, dirname(group));
  }
  if (plan.limit !== null) writeFileSync(plan.limit.file, plan.limit.value);
}

/** In v2 a group has only the controllers that its parent passes on. */
function passControllersOn(root: string, parent: string): void {
  for (const group of [root, parent]) {
    const available = readFileSync(join(group, "cgroup.controllers"), "utf8").trim().split(" ");
    for (const controller of ["cpu", "memory", "pids"].filter((name) => available.includes(name))) {
      writeFileSync(join(group, "cgroup.subtree_control"), `+${controller}`);
    }
  }
}

/** A group's folder and all below it, innermost first. */
function treeOf(group: string): string[] {
  if (!existsSync(group)) return [];
  const below = readdirSync(group, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [...below.flatMap((entry) => treeOf(join(group, entry.name))), group];
}

/** The processes in these groups and all below them. */
export function processesIn(groups: readonly string[]): number[] {
  const pids = groups.flatMap(treeOf).flatMap((group) => {
    try {
      return readFileSync(join(group, "cgroup.procs"), "utf8").split("\n").filter(Boolean).map(Number);
    } catch {
      // The group went away with its last process.
      return [];
    }
  });
  return [...new Set(pids)].filter((pid) => pid > 0);
}

/** Removes groups that hold no process any more; leaves those that do. */
export function removeCgroups(groups: readonly string[]): void {
  for (const group of groups.flatMap(treeOf)) {
    try {
      rmdirSync(group);
    } catch {
      // Busy: the caller looks at what is left.
    }
  }
}

/** The groups of this name in every hierarchy there is, v1's other controllers included. */
export function groupsNamed(cgroup: string, mounts: readonly Mount[] = currentMounts()): string[] {
  return mounts
    .filter(({ type }) => type === "cgroup" || type === "cgroup2")
    .map(({ target }) => join(target, cgroup))
    .filter((path) => existsSync(path));
}
