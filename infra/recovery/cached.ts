/** Archives that this computer's cache has, by what they are of. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Archive } from "../build/archive.ts";
import { cachePath } from "../cache.ts";

const aboutSchema = z.object({ sha256: z.string(), bytes: z.int() });

/** A release's archives, by target. */
export function cachedRelease(id: string): Record<string, Archive> {
  const folder = cachePath("releases", id);
  if (!existsSync(folder)) return {};
  const found = readdirSync(folder).map((target) => [target, archiveIn(join(folder, target))] as const);
  return Object.fromEntries(found.flatMap(([target, archive]) => (archive === undefined ? [] : [[target, archive]])));
}

export function cachedRuntime(id: string): Archive | undefined {
  return archiveIn(cachePath("runtimes", id));
}

function archiveIn(folder: string): Archive | undefined {
  try {
    const path = join(folder, "archive.tar.gz");
    const about = aboutSchema.parse(JSON.parse(readFileSync(join(folder, "archive.json"), "utf8")));
    return existsSync(path) ? { path, ...about } : undefined;
  } catch {
    // Being made just now, or removed: then it isn't there.
    return undefined;
  }
}
