/** What the kernel says of processes: proc(5). */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** A zombie is dead: `kill(pid, 0)` says otherwise. */
export const isAlive = (pid: number): boolean => !["Z", "X", null].includes(stateOf(pid));

/** One letter, `Z` for a zombie; null when there is no such process. */
export const stateOf = (pid: number): string | null => /^State:\s*(\S)/m.exec(read(`/proc/${pid}/status`))?.[1] ?? null;

/** Zombies included. */
export function childrenOf(pid: number): number[] {
  const threads = list(`/proc/${pid}/task`);
  return threads.flatMap((thread) => read(`/proc/${pid}/task/${thread}/children`).split(" ").filter(Boolean).map(Number));
}

export const descendantsOf = (pid: number): number[] => childrenOf(pid).flatMap((child) => [child, ...descendantsOf(child)]);

/** Watches how many children some processes have in all. @returns what ends it, and tells the most that there were */
export function watchChildren(...pids: readonly number[]): () => number {
  let most = 0;
  const timer = setInterval(() => {
    most = Math.max(most, pids.flatMap(childrenOf).length);
  }, 10);
  return () => {
    clearInterval(timer);
    return most;
  };
}

/** The pid that a process has in its own namespace. */
export const innerPidOf = (pid: number): number => Number(/^NSpid:.*?(\d+)$/m.exec(read(`/proc/${pid}/status`))?.[1]);

export const commandLineOf = (pid: number): string => read(`/proc/${pid}/cmdline`).replaceAll("\0", " ").trim();

/** What each open descriptor leads to, as the kernel names it. */
export function descriptorsOf(pid: number): ReadonlyMap<number, string> {
  return new Map(list(`/proc/${pid}/fd`).map((fd) => [Number(fd), linkOf(`/proc/${pid}/fd/${fd}`)]));
}

/** The sockets and pipes that two processes hold both, apart from what this test's process passed on to them. */
export function sharedSockets(one: number, other: number): string[] {
  const of = (pid: number): string[] => [...descriptorsOf(pid).values()].filter((name) => /^(socket|pipe):/.test(name));
  const [ones, inherited] = [of(one), of(process.pid)];
  return of(other).filter((name) => ones.includes(name) && !inherited.includes(name));
}

/** Memory that a process has for itself, in MiB. */
export const privateMiB = (pid: number): number =>
  [...read(`/proc/${pid}/smaps_rollup`).matchAll(/^Private_\w+:\s+(\d+) kB$/gm)].reduce((sum, match) => sum + Number(match[1]), 0) / 1_024;

export function killIfThere(pid: number, signal: NodeJS.Signals = "SIGKILL"): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has just ended.
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function list(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "closed meanwhile";
  }
}
