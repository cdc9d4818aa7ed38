/** Which archives may be unpacked, told from the list of what they hold. Pure. */
import { posix } from "node:path";

export interface ArchiveEntry {
  path: string;
  /** The tar library's word for it: File, Directory, SymbolicLink, Link, BlockDevice, … */
  type: string;
  linkpath?: string | undefined;
  /** With setuid, setgid and sticky bit. @default none of them */
  mode?: number | undefined;
}

const PLAIN = new Set(["File", "OldFile", "ContiguousFile", "Directory"]);
const SPECIAL_BITS = 0o7000;
/** As Linux does (path_resolution(7)). */
const MOST_LINKS = 40;

/** @returns why the archive is refused, or undefined when all of it may be unpacked. */
export function archiveProblem(entries: readonly ArchiveEntry[]): string | undefined {
  const known = new Map<string, ArchiveEntry>();
  for (const entry of entries) {
    const path = placeOf(entry.path);
    const problem = entryProblem(entry) ?? (known.has(path) ? `${quoted(entry.path)} is there twice` : undefined);
    if (problem !== undefined) return problem;
    known.set(path, entry);
  }
  return first(entries, (entry) => belowProblem(entry, known) ?? chainProblem(entry, known) ?? circleProblem(entry, known));
}

/** @returns why the entry is refused whatever else the archive holds, or undefined. */
export function entryProblem({ path, type, linkpath = "", mode = 0 }: ArchiveEntry): string | undefined {
  if (!staysInside(path)) return `${quoted(path)} would be written outside the release's folder`;
  if (type === "Link") return `${quoted(path)} is a hard link (to ${quoted(linkpath)}); our archives have none`;
  if (type !== "SymbolicLink" && !PLAIN.has(type)) return `${quoted(path)} is neither a file, a folder nor a link (${type})`;
  if (placeOf(path) === "." && type !== "Directory") return `${quoted(path)} stands for the release's folder, and is no folder`;
  if ((mode & SPECIAL_BITS) !== 0) return `${quoted(path)} has a setuid, setgid or sticky bit (mode ${mode.toString(8)})`;
  if (type !== "SymbolicLink") return undefined;
  return !isName(linkpath) || posix.isAbsolute(linkpath) ? outside(path, linkpath) : undefined;
}

/** What is below a link would be written where the link leads. */
function belowProblem({ path }: ArchiveEntry, known: ReadonlyMap<string, ArchiveEntry>): string | undefined {
  for (let folder = posix.dirname(placeOf(path)); folder !== "."; folder = posix.dirname(folder)) {
    const above = known.get(folder);
    if (above !== undefined && above.type !== "Directory") return `${quoted(path)} is below ${quoted(above.path)}, which is no folder`;
  }
  return undefined;
}

/** Only the last name of a target may be a link again: through one, `..` leads elsewhere than it reads. */
function chainProblem({ path, type, linkpath = "" }: ArchiveEntry, known: ReadonlyMap<string, ArchiveEntry>): string | undefined {
  if (type !== "SymbolicLink") return undefined;
  const at = namesOf(posix.dirname(placeOf(path)));
  for (const name of namesOf(linkpath)) {
    const through = known.get(at.join("/"));
    if (through?.type === "SymbolicLink") return `${quoted(path)} is a link through another link, ${quoted(through.path)}`;
    if (name !== "..") at.push(name);
    else if (at.pop() === undefined) return outside(path, linkpath);
  }
  return undefined;
}

function circleProblem(entry: ArchiveEntry, known: ReadonlyMap<string, ArchiveEntry>): string | undefined {
  let at: ArchiveEntry | undefined = entry;
  for (let links = 0; at?.type === "SymbolicLink"; links++) {
    if (links > MOST_LINKS) return `${quoted(entry.path)} is a link in a circle`;
    at = known.get(placeOf(posix.join(posix.dirname(placeOf(at.path)), at.linkpath ?? "")));
  }
  return undefined;
}

function first<T>(items: readonly T[], problemOf: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const problem = problemOf(item);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

const namesOf = (path: string): string[] => path.split("/").filter((name) => name !== "" && name !== ".");

/** The one spelling of a path; `.` for the folder itself. */
const placeOf = (path: string): string => namesOf(posix.normalize(path)).join("/") || ".";

/** Escapes what a terminal would take as a command. */
const quoted = (text: string): string => JSON.stringify(text.length > LONGEST_QUOTED ? `${text.slice(0, LONGEST_QUOTED)}…` : text);
const LONGEST_QUOTED = 200;

const outside = (path: string, target: string): string =>
  `${quoted(path)} is a link that leads outside the release's folder (${quoted(target)})`;

const isName = (path: string): boolean => path !== "" && !path.includes("\0") && !path.includes("\\");

function staysInside(path: string): boolean {
  if (!isName(path) || posix.isAbsolute(path)) return false;
  return !path.split("/").includes("..");
}
