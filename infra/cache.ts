/** Where built things are kept: outside every clone, named by what they were made from. */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

/** A path in the cache: `$FLEETWRIGHT_CACHE`, else `$XDG_CACHE_HOME/fleetwright`, else `~/.cache/fleetwright`. */
export function cachePath(...parts: string[]): string {
  const root = process.env.FLEETWRIGHT_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "fleetwright");
  return join(root, ...parts);
}

/**
 * Makes `target` (a file or a folder) at most once: `make` fills a temporary path beside it, which is then renamed.
 * An interrupted or failed `make` leaves nothing under the final name; of two at once, the first to finish stays.
 */
export async function makeOnce(target: string, make: (temporary: string) => Promise<void>): Promise<string> {
  if (existsSync(target)) return target;
  mkdirSync(dirname(target), { recursive: true });
  const temporary = `${target}.${process.pid}-${randomBytes(4).toString("hex")}.tmp`;
  try {
    await make(temporary);
    if (!existsSync(target)) renameSync(temporary, target);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
  return target;
}
