/** Locks that the kernel lets go of when their holder dies, however it dies. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, statSync } from "node:fs";
import { FleetError } from "../../errors.ts";

/** After this long, the person is told what is being waited for. */
const TELL_AFTER_MS = 1_000;

/**
 * Runs `work` while holding the lock on a folder, which is made if need be. No lock file is left behind, as there is none.
 * @param waiting called once when another holds the lock for longer than a second
 */
export async function withLock<T>(folder: string, work: () => Promise<T>, waiting?: () => void): Promise<T> {
  const release = await take(folder, waiting);
  try {
    return await work();
  } finally {
    release();
  }
}

async function take(folder: string, waiting?: () => void): Promise<() => void> {
  for (;;) {
    mkdirSync(folder, { recursive: true, mode: 0o755 });
    const wanted = statSync(folder).ino;
    const release = await hold(folder, waiting);
    // While we waited, the folder may have been removed and made again: then the lock is on the old one.
    if (statSync(folder, { throwIfNoEntry: false })?.ino === wanted) return release;
    release();
  }
}

/** flock(1) holds the lock as long as its child reads from us; its own session keeps a terminal's Ctrl-C away from it. */
async function hold(folder: string, waiting?: () => void): Promise<() => void> {
  const child = spawn("flock", [folder, "sh", "-c", "echo held; exec cat"], { stdio: ["pipe", "pipe", "ignore"], detached: true });
  child.stdin.on("error", () => {});
  const telling = setTimeout(() => waiting?.(), TELL_AFTER_MS);
  try {
    await Promise.race([
      once(child.stdout, "data"),
      once(child, "exit").then(([code]) => Promise.reject(new FleetError(`flock ${folder} failed (${code})`))),
    ]);
  } finally {
    clearTimeout(telling);
  }
  return () => child.stdin.end();
}
