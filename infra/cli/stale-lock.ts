/** The state's lock, left behind by a run that was killed. Only a lock of this computer, whose process is gone, is removed. */
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { isAlive } from "../processes.ts";

const lockSchema = z.object({ pid: z.int(), hostname: z.string() });

/** Whether a lock file's owner can't be alive any more. Pure. */
export function isStale(text: string, here: { hostname: string; isAlive: (pid: number) => boolean }): boolean {
  try {
    const lock = lockSchema.safeParse(JSON.parse(text)).data;
    return lock !== undefined && lock.hostname === here.hostname && !here.isAlive(lock.pid);
  } catch {
    return false;
  }
}

/** Removes stale locks below a file backend's folder, and says so. */
export function releaseStaleLocks(stateFolder: string, say: (line: string) => void): void {
  const locks = join(stateFolder, ".pulumi", "locks");
  if (!existsSync(locks)) return;
  for (const entry of readdirSync(locks, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile() || !isStale(readFileSync(path, "utf8"), { hostname: hostname(), isAlive })) continue;
    rmSync(path);
    say("An earlier run was killed and left the state locked; its process is gone, so the lock was removed.");
  }
}
