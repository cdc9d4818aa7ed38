/** Which CPUs of this computer a machine may run on. */
import { readFileSync } from "node:fs";
import { FleetError } from "../../errors.ts";
import type { Cores } from "./spec.ts";

/** Reads the kernel's list format, `0-2,5`. */
export function parseCpuList(text: string): number[] {
  return text
    .trim()
    .split(",")
    .filter((part) => part !== "")
    .flatMap((part) => {
      const [first = 0, last = first] = part.split("-").map(Number);
      return Array.from({ length: last - first + 1 }, (_, index) => first + index);
    });
}

/** The CPUs that this process may use. */
export function availableCpus(): number[] {
  const status = readFileSync("/proc/self/status", "utf8");
  return parseCpuList(/^Cpus_allowed_list:(.*)$/m.exec(status)?.[1] ?? "0");
}

/**
 * The least used CPUs, so that machines of few cores don't share one while another idles; null for no restriction.
 * @param available what this process may use
 * @param used the CPUs of the other machines, one list a machine
 * @throws FleetError when there are not that many
 */
export function chooseCpus(cores: Cores, available: readonly number[], used: readonly (readonly number[])[]): number[] | null {
  if (cores === "all") return null;
  if (cores > available.length) {
    throw new FleetError(`a machine of ${cores} cores doesn't fit: this computer has ${available.length}`, {
      next: `Ask for at most ${available.length}, or for "all".`,
    });
  }
  const load = (cpu: number) => used.filter((list) => list.includes(cpu)).length;
  const byLoad = [...available].sort((a, b) => load(a) - load(b) || a - b);
  return byLoad.slice(0, cores).sort((a, b) => a - b);
}
