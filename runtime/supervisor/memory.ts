/** Reads from /proc how much memory processes use, and whether the kernel ran out of it. */
import { readFileSync } from "node:fs";

/** PSS in MiB: what a process has alone, and its share of what it has with others. Null when it can't be read. */
export function memoryMiB(pid: number): number | null {
  const kib = /^Pss:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1];
  return kib === undefined ? null : Math.round(Number(kib) / 102.4) / 10;
}

/**
 * Tells, each time it is asked, whether the kernel has killed a process for want of memory since it was asked last: the
 * counter covers the whole machine and every control group (/proc/vmstat, oom_kill), so it says "likely", not more.
 */
export function oomKillWatch(readVmstat: () => string = () => read("/proc/vmstat")): () => boolean {
  const count = (): number => Number(/^oom_kill (\d+)$/m.exec(readVmstat())?.[1] ?? 0);
  let last = count();
  return () => {
    const before = last;
    last = count();
    return last > before;
  };
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
