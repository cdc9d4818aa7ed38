/** Checks and unpacks a release's archive. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import * as tar from "tar";
import { agentExit } from "../report.ts";
import { entryProblem } from "./archive-entry.ts";
import { isDiskFull, requireSpace } from "./disk.ts";
import { AgentFailure } from "./failure.ts";

export interface ExpectedArchive {
  sha256: string;
  bytes: number;
}

/**
 * Unpacks into an existing, empty folder. One descriptor is checked and then unpacked, so that what was checked
 * is what is unpacked.
 * @throws AgentFailure when the archive isn't the expected one, holds something unsafe, or is too large for the disk; the folder may then hold a part of it: the caller removes it.
 */
export async function unpackArchive(path: string, expected: ExpectedArchive, folder: string): Promise<void> {
  const file = await openArchive(path);
  try {
    await verify(file, path, expected);
    await requireSpace(folder, await unpackedBytes(file));
    await unpack(file, folder);
  } finally {
    await file.close();
  }
}

async function openArchive(path: string): Promise<FileHandle> {
  return open(path, "r").catch((error: NodeJS.ErrnoException) => {
    throw new AgentFailure("archive", `the archive ${path} can't be read (${error.code ?? error.message})`, {
      next: "Give the path of the release's archive with --archive.",
      exitCode: agentExit.usage,
    });
  });
}

async function verify(file: FileHandle, path: string, expected: ExpectedArchive): Promise<void> {
  const { size } = await file.stat();
  const hash = createHash("sha256");
  if (size === expected.bytes) await pipeline(contents(file), hash);
  const found = size === expected.bytes ? hash.digest("hex") : undefined;
  if (found === expected.sha256) return;
  const what = found === undefined ? `${size} bytes instead of ${expected.bytes}` : `sha256 ${found} instead of ${expected.sha256}`;
  throw new AgentFailure("archive", `${path} is not the archive that the manifest names: ${what}`, {
    next: "Send it again; it was cut off or changed on its way.",
  });
}

/** Reads from the start, and leaves the descriptor open. */
function contents(file: FileHandle) {
  return createReadStream("", { fd: file, start: 0, autoClose: false });
}

async function unpackedBytes(file: FileHandle): Promise<number> {
  const { size } = await file.stat();
  const trailer = Buffer.alloc(4);
  await file.read(trailer, 0, 4, size - 4);
  // gzip's last four bytes are the contents' length, modulo 2^32 (RFC 1952, ISIZE).
  return trailer.readUInt32LE();
}

/**
 * Not `strict`: that would end with the first error while other entries are still being written, and the caller could
 * not remove the folder. So everything after the first problem is passed over, and the end is waited for.
 */
async function unpack(file: FileHandle, folder: string): Promise<void> {
  let problem: string | undefined;
  let full = false;
  const extract = tar.x({
    cwd: folder,
    preserveOwner: false,
    filter: (path, entry) => {
      const { type, linkpath } = entry as tar.ReadEntry;
      problem ??= entryProblem({ path, type, linkpath });
      return problem === undefined;
    },
    onReadEntry: (entry) => {
      entry.mode = entry.type === "Directory" || ((entry.mode ?? 0) & 0o100) !== 0 ? 0o755 : 0o644;
    },
    onwarn: (_code, message, data) => {
      full ||= isDiskFull(data);
      problem ??= String(message);
    },
  });
  await pipeline(contents(file), extract);
  if (full) throw Object.assign(new Error("the disk is full"), { code: "ENOSPC" });
  if (problem === undefined) return;
  throw new AgentFailure("archive", `the archive is refused: ${problem}`, {
    next: "Build the release again: Fleetwright's own archives hold nothing like this.",
  });
}
