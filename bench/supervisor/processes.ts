/** What /proc says of processes: their families, CPU time and memory. */
import { readdirSync, readFileSync } from "node:fs";

/** /proc/PID/stat counts in hundredths of a second on every Linux that Node runs on. */
const TICK_MS = 10;

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // The process has just ended.
    return "";
  }
}

/** Fields of /proc/PID/stat from the third on; the second is in parentheses and may hold anything. */
function stat(pid: number): string[] {
  const text = read(`/proc/${pid}/stat`);
  return text === "" ? [] : text.slice(text.lastIndexOf(")") + 2).split(" ");
}

/** A zombie is dead. */
export function isAlive(pid: number): boolean {
  const [state] = stat(pid);
  return state !== undefined && state !== "Z" && state !== "X";
}

/** Its living children, whichever of its threads made them. */
export function childrenOf(pid: number): number[] {
  return tasksOf(pid)
    .flatMap((task) => read(`/proc/${pid}/task/${task}/children`).split(" "))
    .filter((text) => text !== "")
    .map(Number)
    .filter(isAlive);
}

/** It and all that descend from it. */
export function treeOf(pid: number): number[] {
  return [pid, ...childrenOf(pid).flatMap(treeOf)];
}

function tasksOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

/** Words of its command line, joined. */
export const commandOf = (pid: number): string => read(`/proc/${pid}/cmdline`).replaceAll("\0", " ");

/** CPU time so far, user and system, ended threads included; in steps of 10 ms. */
export function cpuMs(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const fields = stat(pid);
    return sum + (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * TICK_MS;
  }, 0);
}

/** CPU time so far of threads that live, to the nanosecond: for what is nearly idle. */
export function fineCpuMs(pids: readonly number[]): number {
  const ofTask = (pid: number, task: string): number => Number(read(`/proc/${pid}/task/${task}/schedstat`).split(" ")[0]);
  return pids.reduce((sum, pid) => sum + tasksOf(pid).reduce((of, task) => of + ofTask(pid, task) / 1e6, 0), 0);
}

/** Proportional set size: shared pages count once over all who share them. */
export function pssMiB(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0) / 1024, 0);
}

/** All processes whose environment has this variable: also those that have left their family. */
export function processesWith(name: string, value: string): number[] {
  const wanted = `${name}=${value}`;
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry) && read(`/proc/${entry}/environ`).split("\0").includes(wanted))
    .map(Number)
    .filter(isAlive);
}

/** Sends it, unless the process has just ended. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
