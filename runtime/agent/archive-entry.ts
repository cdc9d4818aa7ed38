/** Which entries of an archive may be unpacked. Pure. */
import { posix } from "node:path";

export interface ArchiveEntry {
  path: string;
  /** The tar library's word for it: File, Directory, SymbolicLink, Link, BlockDevice, … */
  type: string;
  linkpath?: string | undefined;
}

const PLAIN = new Set(["File", "OldFile", "ContiguousFile", "Directory"]);

/** @returns why the entry is refused, or undefined when it may be unpacked. */
export function entryProblem({ path, type, linkpath = "" }: ArchiveEntry): string | undefined {
  if (!staysInside(path)) return `"${path}" would be written outside the release's folder`;
  if (PLAIN.has(type)) return undefined;
  // A hard link names its target from the archive's root, a symbolic link from its own folder.
  if (type === "Link") return staysInside(linkpath) ? undefined : linkProblem(path, linkpath);
  if (type === "SymbolicLink") {
    const inside = !posix.isAbsolute(linkpath) && staysInside(posix.join(posix.dirname(path), linkpath));
    return inside ? undefined : linkProblem(path, linkpath);
  }
  return `"${path}" is neither a file, a folder nor a link (${type})`;
}

function linkProblem(path: string, target: string): string {
  return `"${path}" is a link that leads outside the release's folder (${target})`;
}

function staysInside(path: string): boolean {
  if (path === "" || posix.isAbsolute(path) || path.includes("\0") || path.includes("\\")) return false;
  const whole = posix.normalize(path);
  return whole !== ".." && !whole.startsWith("../");
}
