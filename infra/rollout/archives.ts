/** Archives by their own hash, so that a plan can name them without a path of one computer. */
import { copyFileSync, existsSync, linkSync, mkdirSync, renameSync } from "node:fs";
import { dirname } from "node:path";
import type { Archive } from "../build/archive.ts";
import { cachePath } from "../cache.ts";
import { touch } from "../cache-prune.ts";
import { FleetError } from "../errors.ts";

/** Makes an archive findable by its hash on this computer. */
export function keepArchive(archive: Archive): void {
  const target = pathOf(archive.sha256);
  // A release has a folder for each kind of machine.
  for (const folder of [dirname(archive.path), dirname(dirname(archive.path))]) touch(folder);
  if (existsSync(target)) return touch(target);
  mkdirSync(dirname(target), { recursive: true });
  const temporary = `${target}.${process.pid}`;
  try {
    linkSync(archive.path, temporary);
  } catch {
    copyFileSync(archive.path, temporary);
  }
  renameSync(temporary, target);
}

export function hasArchive(sha256: string): boolean {
  return existsSync(pathOf(sha256));
}

/** The archive's path. @throws FleetError when this computer doesn't have it (any more) */
export function findArchive(sha256: string): string {
  const path = pathOf(sha256);
  if (existsSync(path)) return path;
  throw new FleetError(`the archive ${sha256.slice(0, 12)} is not in this computer's cache.`, {
    kept: "everything; nothing was switched.",
    next: "run the same command again: it builds what is missing.",
  });
}

function pathOf(sha256: string): string {
  return cachePath("archives", `${sha256}.tar.gz`);
}
