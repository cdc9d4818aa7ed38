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
  v1Cpu: string | undefined;
}

export function hierarchiesOf(mounts: readonly Mount[]): Hierarchies {
  const v1 = (option: string) => mounts.find(({ type, options }) => type === "cgroup" && options.includes(option))?.target;
  return {
    v2: mounts.find(({ type }) => type === "cgroup2")?.target,
    v1Systemd: v1("name=systemd"),
    v1Memory: v1("memory"),
    v1Cpu: v1("cpu"),
  };
}

export interface Limit {
  file: string;
  value: string;
}

export interface CgroupPlan {
  /** The launcher enters these. */
  launch: string[];
  /** nspawn enters these, and all of the machine is below them. */
  machine: string[];
  /** What the machine may use at most, where that can be limited. */
  limits: Limit[];
}

/** The groups for one machine, as absolute paths. */
export function planCgroups(
  at: Hierarchies,
  names: { cgroup: string; launchCgroup: string },
  spec: Pick<MachineSpec, "memoryMiB" | "cpuQuota">,
): CgroupPlan {
  const tracked = [at.v2, at.v1Systemd].filter((path) => path !== undefined);
  const machine = tracked.map((path) => join(path, names.cgroup));
  const limits = [...memoryLimits(at, names.cgroup, spec.memoryMiB), ...cpuLimits(at, names.cgroup, spec.cpuQuota)];
  for (const { file } of limits) if (!machine.includes(dirname(file))) machine.push(dirname(file));
  return { launch: tracked.map((path) => join(path, names.launchCgroup)), machine, limits };
}

// A controller that v1 has mounted is not available in v2.
function memoryLimits(at: Hierarchies, cgroup: string, memoryMiB: number | undefined): Limit[] {
  if (memoryMiB === undefined) return [];
  const value = String(memoryMiB * 1024 * 1024);
  if (at.v1Memory !== undefined) return [{ file: join(at.v1Memory, cgroup, "memory.limit_in_bytes"), value }];
  return at.v2 === undefined ? [] : [{ file: join(at.v2, cgroup, "memory.max"), value }];
}

/** In which a quota is counted: the kernel's default ("CFS Bandwidth Control" of its documentation). */
const CPU_PERIOD_US = 100_000;

function cpuLimits(at: Hierarchies, cgroup: string, cpuQuota: number | undefined): Limit[] {
  if (cpuQuota === undefined) return [];
  const quotaUs = Math.round(cpuQuota * CPU_PERIOD_US);
  if (at.v1Cpu !== undefined) {
    const v1Cpu = join(at.v1Cpu, cgroup);
    return [
      { file: join(v1Cpu, "cpu.cfs_period_us"), value: String(CPU_PERIOD_US) },
      { file: join(v1Cpu, "cpu.cfs_quota_us"), value: String(quotaUs) },
    ];
  }
  return at.v2 === undefined ? [] : [{ file: join(at.v2, cgroup, "cpu.max"), value: `${quotaUs} ${CPU_PERIOD_US}` }];
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
  // A kernel may be without the controller, or without quotas.
  for (const { file, value } of plan.limits) if (existsSync(file)) writeFileSync(file, value);
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
