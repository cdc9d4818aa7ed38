/** A store in a folder: a mounted disk, a share, a folder that something else replicates. */
import { randomBytes } from "node:crypto";
import { closeSync, createReadStream, createWriteStream, existsSync, fsyncSync, openSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { pathToFileURL } from "node:url";
import type { Source } from "./digest.ts";
import { type FileEntry, StoreFailure, type StoreFiles } from "./files.ts";
import { PARTIAL } from "./layout.ts";

/** @param root absolute; made at the first write */
export function folderFiles(root: string): StoreFiles {
  const at = (name: string): string => join(root, name);
  return {
    url: pathToFileURL(root).href,
    write: (name, source) => writeWhole(at(name), source),
    read: async (name, target) => pipeline(createReadStream(present(at(name), name)), createWriteStream(target, { mode: 0o600 })),
    readBytes: (name) => readFile(present(at(name), name)),
    list: (folder) => listBelow(root, folder),
    remove: (name) => rm(at(name), { force: true }),
    clockMs: async () => undefined,
    close: async () => undefined,
  };
}

function present(path: string, name: string): string {
  if (existsSync(path)) return path;
  throw new StoreFailure("missing", `${name} is not there`);
}

async function writeWhole(path: string, source: Source): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString("hex")}${PARTIAL}`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const from = "file" in source ? createReadStream(source.file) : Readable.from([source.bytes]);
    await pipeline(from, createWriteStream(temporary, { mode: 0o600 }));
    sync(temporary);
    await rename(temporary, path);
    sync(dirname(path));
  } catch (error) {
    throw new StoreFailure("refused", `it can't be written: ${(error as Error).message}`);
  } finally {
    await rm(temporary, { force: true }).catch(() => undefined);
  }
}

/** What a power cut must not undo once a set names it. */
function sync(path: string): void {
  const handle = openSync(path, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

async function listBelow(root: string, folder: string): Promise<FileEntry[]> {
  const names = await readdir(join(root, folder), { recursive: true, withFileTypes: true }).catch(absentIsEmpty);
  const files = names.filter((entry) => entry.isFile());
  return Promise.all(
    files.map(async (entry) => {
      const path = join(entry.parentPath, entry.name);
      const { size, mtimeMs } = await stat(path);
      return { name: path.slice(root.length + 1), bytes: size, writtenAtMs: mtimeMs };
    }),
  );
}

function absentIsEmpty(error: NodeJS.ErrnoException): never[] {
  if (error.code === "ENOENT") return [];
  throw new StoreFailure("unreachable", error.message);
}
