/** Descriptors that whoever started the supervisor has left open: they are no worker's business. */
import { closeSync, readdirSync, readFileSync } from "node:fs";

/** open(2), as /proc writes it. */
const O_CLOEXEC = 0o2_000_000;
const LAST_STANDARD_FD = 2;

/**
 * Closes what a worker would inherit, apart from stdin, stdout and stderr. Node marks the low ones at its start so that they
 * are not passed on, and stops looking at the first gap above 15: a socket or a lock on a higher one would live as long as
 * the workers do.
 *
 * @param keep listening sockets
 */
export function closeInherited(keep: readonly number[]): void {
  const open = readdirSync("/proc/self/fd").map(Number);
  for (const fd of open) if (fd > LAST_STANDARD_FD && !keep.includes(fd) && isPassedOn(fd)) closeSync(fd);
}

function isPassedOn(fd: number): boolean {
  try {
    const flags = /^flags:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"))?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & O_CLOEXEC) === 0;
  } catch {
    // The one with which the folder was read.
    return false;
  }
}
