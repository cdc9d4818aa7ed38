/** The negative control of a drill: a copy of the store in which one archive is spoiled. A recovery that takes it anyway proves nothing. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { objectsOf, type NamedSet, type StoredObject } from "./set.ts";
import { objectName, setsFolder } from "./store/layout.ts";
import type { RecoveryStore } from "./store/store.ts";

/**
 * Copies what the check of a set reads, and turns one bit of the live release's archive.
 * @param folder where the copy goes; empty
 * @returns the archive that is spoiled in it
 */
export async function spoiledCopy(store: RecoveryStore, { id, set }: NamedSet, folder: string): Promise<StoredObject> {
  const name = `${setsFolder(set)}${id}.json`;
  put(join(folder, name), await store.files.readBytes(name));
  for (const object of objectsOf(set)) {
    const path = join(folder, objectName(object.sha256));
    mkdirSync(dirname(path), { recursive: true });
    await store.get(object, path);
  }
  const live = set.releases.find((release) => set.live[release.fleet] === release.id);
  const [archive] = Object.values(live?.archives ?? {});
  if (archive === undefined) throw new Error("a set without a live release");
  const path = join(folder, objectName(archive.sha256));
  put(path, flipped(readFileSync(path)));
  return archive;
}

function put(path: string, bytes: Buffer): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
}

/** One bit in the middle is another one. Pure. */
export function flipped(bytes: Buffer): Buffer {
  const other = Buffer.from(bytes);
  const middle = Math.floor(other.length / 2);
  other[middle] = (other[middle] ?? 0) ^ 1;
  return other;
}
