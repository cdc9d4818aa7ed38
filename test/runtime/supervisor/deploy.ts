/** Releases as a deploy by hand makes them: folders of their own, and a link `current` that is switched in one step. */
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestApp } from "./apps.ts";

/** Writes a release, and has `current` lead to it. */
export function deploy(folder: string, name: string, files: TestApp["files"]): void {
  const release = join(folder, "releases", name);
  mkdirSync(release, { recursive: true });
  for (const [file, text] of Object.entries(files)) writeFileSync(join(release, file), text);
  switchTo(folder, release);
}

function switchTo(folder: string, release: string): void {
  const link = join(folder, "current.new");
  symlinkSync(release, link);
  renameSync(link, join(folder, "current"));
}
