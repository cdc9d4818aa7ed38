/** Reads the kernel's texts about control groups and CPU affinity: proc(5), cgroups(7). Pure. */

export interface Mount {
  readonly version: 1 | 2;
  /** The part of the hierarchy that is mounted here. */
  readonly root: string;
  readonly point: string;
  /** Of a version 1 hierarchy. */
  readonly controllers: readonly string[];
}

/** `/proc/self/mountinfo`: only the control group hierarchies. */
export function parseMounts(mountinfo: string): readonly Mount[] {
  return mountinfo.split("\n").flatMap((line): Mount[] => {
    const [before = "", after = ""] = line.split(" - ");
    const [, , , root, point] = before.split(" ");
    const [type, , options = ""] = after.split(" ");
    if (root === undefined || point === undefined) return [];
    if (type === "cgroup2") return [{ version: 2, root, point, controllers: [] }];
    return type === "cgroup" ? [{ version: 1, root, point, controllers: options.split(",") }] : [];
  });
}

export interface Membership {
  /** Empty for version 2. */
  readonly controllers: readonly string[];
  readonly path: string;
}

/** `/proc/self/cgroup`, lines like `4:cpu,cpuacct:/user.slice` and `0::/user.slice`. */
export function parseCgroup(text: string): readonly Membership[] {
  return text.split("\n").flatMap((line): Membership[] => {
    const match = /^\d+:([^:]*):(.*)$/.exec(line);
    if (match === null) return [];
    return [{ controllers: (match[1] ?? "").split(",").filter((name) => name !== ""), path: match[2] ?? "/" }];
  });
}

/** The number of cores in `/proc/self/status`'s `Cpus_allowed_list: 0-2,5`; null when it isn't there. */
export function parseAffinity(status: string): number | null {
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1];
  if (list === undefined) return null;
  const counts = list.split(",").map((range) => {
    const [first, last = first] = range.split("-").map(Number);
    return (last ?? NaN) - (first ?? NaN) + 1;
  });
  const cores = counts.reduce((sum, count) => sum + count, 0);
  return Number.isInteger(cores) && cores > 0 ? cores : null;
}
