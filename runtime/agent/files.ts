/** Files that are whole or not there: written beside their place, then renamed into it. */
import { randomBytes } from "node:crypto";
import { chown, mkdir, open, readdir, readFile, readlink, rename, rm, symlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** Starts the name of everything that is being made; the boot-time converge removes what was left over. */
export const temporaryPrefix = ".tmp-";

/** A name beside `path` that nothing else uses. */
export function temporaryBeside(path: string): string {
  return join(dirname(path), `${temporaryPrefix}${basename(path)}-${randomBytes(4).toString("hex")}`);
}

interface Ownership {
  mode: number;
  /** Numeric group; the owner stays who runs this. */
  gid?: number | undefined;
}

/** Writes to disk before the rename, or a power cut could leave an empty file under the right name. */
export async function writeAtomic(path: string, text: string, { mode, gid }: Ownership): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  const temporary = temporaryBeside(path);
  try {
    const file = await open(temporary, "wx", mode);
    try {
      await file.writeFile(text);
      await file.chmod(mode);
      await file.sync();
    } finally {
      await file.close();
    }
    if (gid !== undefined) await chown(temporary, -1, gid);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** @returns true when the file's text was another one before (or there was none). */
export async function writeIfChanged(path: string, text: string, ownership: Ownership): Promise<boolean> {
  if ((await readIfThere(path)) === text) return false;
  await writeAtomic(path, text, ownership);
  return true;
}

/** @returns true when the link pointed elsewhere before (or there was none). */
export async function linkIfChanged(path: string, target: string): Promise<boolean> {
  const now = await readlink(path).catch(() => undefined);
  if (now === target) return false;
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  const temporary = temporaryBeside(path);
  await symlink(target, temporary);
  await rename(temporary, path);
  return true;
}

export async function readIfThere(path: string): Promise<string | undefined> {
  return readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
    throw error;
  });
}

/** Names in a folder, sorted; none when there is no such folder. */
export async function namesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  return names.sort();
}
