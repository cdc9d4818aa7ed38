/**
 * A release's files by name, size and time of change: cheap enough for every status, and enough to see what was edited by hand.
 * Kept in the release's folder, so that it comes and goes with it.
 */
import { lstatSync, readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { readIfThere, writeAtomic } from "./files.ts";

/** Its name in the folder. */
export const LISTING = ".listing";

/** One line a file, sorted. Bytecode is left out: root's own Python may add some. */
export function listFiles(folder: string): string[] {
  const lines: string[] = [];
  const walk = (below: string): void => {
    for (const entry of readdirSync(join(folder, below), { withFileTypes: true })) {
      const path = below === "" ? entry.name : `${below}/${entry.name}`;
      if (entry.name === "__pycache__" || path === LISTING) continue;
      if (entry.isDirectory()) walk(path);
      else lines.push(describe(join(folder, path), path));
    }
  };
  walk("");
  return lines.sort();
}

function describe(absolute: string, path: string): string {
  const { size, mtimeMs, mode } = lstatSync(absolute);
  const link = (mode & 0o170_000) === 0o120_000;
  return link ? `${path}\tlink ${readlinkSync(absolute)}` : `${path}\t${size} ${Math.trunc(mtimeMs)} ${(mode & 0o7777).toString(8)}`;
}

/** Writes the listing of a release that is whole. */
export async function writeListing(folder: string): Promise<void> {
  await writeAtomic(join(folder, LISTING), `${listFiles(folder).join("\n")}\n`, { mode: 0o644 });
}

/** Paths that were changed, added or removed since; none where no listing was ever written. */
export async function changedFiles(folder: string): Promise<string[]> {
  const text = await readIfThere(join(folder, LISTING));
  return text === undefined ? [] : differences(text.trimEnd().split("\n"), listFiles(folder));
}

/** Paths on which two listings don't agree, sorted. Pure. */
export function differences(before: readonly string[], now: readonly string[]): string[] {
  const old = new Set(before);
  const current = new Set(now);
  const lines = [...before.filter((line) => !current.has(line)), ...now.filter((line) => !old.has(line))];
  return [...new Set(lines.map((line) => line.split("\t")[0] ?? ""))].filter((path) => path !== "").sort();
}
