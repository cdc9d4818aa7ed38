/** The contents of an archive as plain data: files and links under relative paths, sorted, whatever the umask and clock were. */
import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { isAbsolute, join, posix } from "node:path";
import { FleetError } from "../errors.ts";

export type Entry = { kind: "file"; path: string; content: Content; executable: boolean } | { kind: "link"; path: string; to: string };

/** Where the bytes come from: a file that is read when needed, or the bytes themselves. */
export type Content = { file: string } | { bytes: Buffer };

export function bytesOf(content: Content): Buffer {
  return "bytes" in content ? content.bytes : readFileSync(content.file);
}

export function textEntry(path: string, text: string, executable = false): Entry {
  return { kind: "file", path, content: { bytes: Buffer.from(text) }, executable };
}

/** By code unit, so that no locale changes the order. */
export function byPath(a: { path: string }, b: { path: string }): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}

/**
 * One path inside a folder as an entry.
 * @throws FleetError for a link that leads out of the folder, and for what is neither file nor link
 */
export function readEntry(folder: string, path: string): Entry {
  const full = join(folder, path);
  const stat = lstatSync(full);
  if (stat.isSymbolicLink()) return linkEntry(folder, path, readlinkSync(full));
  if (!stat.isFile()) {
    throw new FleetError(`${full} is neither a file nor a link, so it can't be packed.`, {
      next: "Remove it, or have .gitignore name it.",
    });
  }
  return { kind: "file", path, content: { file: full }, executable: (stat.mode & 0o100) !== 0 };
}

function linkEntry(folder: string, path: string, to: string): Entry {
  const resolved = posix.join(posix.dirname(path), to);
  if (isAbsolute(to) || resolved === ".." || resolved.startsWith("../")) {
    throw new FleetError(`${join(folder, path)} is a link to ${to}, outside the folder that is packed.`, {
      next: "Copy the file into the folder, or link to it by a relative path that stays inside.",
    });
  }
  return { kind: "link", path, to };
}

/** Paths of all files and links in a folder, relative, sorted; `skip` is asked for files and folders alike. */
export function walk(folder: string, skip: (path: string) => boolean = () => false, below = ""): string[] {
  const found = readdirSync(join(folder, below), { withFileTypes: true }).flatMap((item) => {
    const path = posix.join(below, item.name);
    if (skip(path)) return [];
    return item.isDirectory() ? walk(folder, skip, path) : [path];
  });
  return found.sort();
}

/** Everything in a folder. Empty folders are left out, as git does. */
export function readTree(folder: string, skip?: (path: string) => boolean): Entry[] {
  return walk(folder, skip).map((path) => readEntry(folder, path));
}

/** The same entries below another folder of the archive. */
export function under(prefix: string, entries: readonly Entry[]): Entry[] {
  return entries.map((entry) => ({ ...entry, path: posix.join(prefix, entry.path) }));
}

/** What identifies the entries: path, kind, x-bit, and a hash of the content. To be hashed with `hashOf`. */
export function fingerprint(entries: readonly Entry[]): string[][] {
  return [...entries]
    .sort(byPath)
    .map((entry) =>
      entry.kind === "link"
        ? [entry.path, "link", entry.to]
        : [entry.path, entry.executable ? "executable" : "file", sha256(bytesOf(entry.content))],
    );
}

export function sha256(bytes: Buffer | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}
