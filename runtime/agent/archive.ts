/** Checks and unpacks a release's archive. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import * as tar from "tar";
import { agentExit } from "../report.ts";
import { type ArchiveEntry, archiveProblem } from "./archive-entry.ts";
import { isDiskFull, requireSpace } from "./disk.ts";
import { AgentFailure } from "./failure.ts";

export interface ExpectedArchive {
  sha256: string;
  bytes: number;
}

/** Most that an archive may unpack to, for each of its bytes: code and packages come to 3 to 6. */
const MOST_TIMES = 40;
/** For small archives, which may hold a large table of zeros. */
const ALWAYS_BYTES = 64 * 2 ** 20;
/** Of a tar file for each entry. */
const HEADER_BYTES = 512;
/** An entry takes memory while the list is judged. */
const MOST_ENTRIES = 500_000;

/**
 * Unpacks into an existing, empty folder. One descriptor is checked, listed and then unpacked, so that what was checked
 * is what is unpacked; nothing is written before all that the archive lists has been judged.
 * @throws AgentFailure when the archive isn't the expected one, holds something unsafe, or is too large for the disk; of a disk that gets full in between, the folder may hold a part: the caller removes it.
 */
export async function unpackArchive(path: string, expected: ExpectedArchive, folder: string): Promise<void> {
  const file = await openArchive(path);
  try {
    await verify(file, path, expected);
    await requireSpace(folder, await judge(file, expected.bytes));
    await unpack(file, folder);
  } finally {
    await file.close();
  }
}

async function openArchive(path: string): Promise<FileHandle> {
  return open(path, "r").catch((error: NodeJS.ErrnoException) => {
    throw new AgentFailure("archive", `the archive ${path} can't be read (${error.code ?? error.message})`, {
      next: "Give the path of the release's archive with --archive, and that of its packages with --packages.",
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

interface Listed {
  entries: ArchiveEntry[];
  bytes: number;
  problem: string | undefined;
}

/** @returns the bytes that it unpacks to. @throws AgentFailure when any of it is refused */
async function judge(file: FileHandle, archiveBytes: number): Promise<number> {
  const { entries, bytes, problem } = await list(file, ALWAYS_BYTES + MOST_TIMES * archiveBytes);
  const refused = problem ?? archiveProblem(entries);
  if (refused !== undefined) throw refusal(refused);
  return bytes;
}

/**
 * Ends with the first problem, and with the limit: whatever the archive's own figures say, no more than that is unpacked even in
 * memory. Not as a stream: after some damage the library's parser never says that it has finished.
 */
async function list(file: FileHandle, mostBytes: number): Promise<Listed> {
  const listed: Listed = { entries: [], bytes: 0, problem: undefined };
  const refuse = (problem: string) => {
    listed.problem ??= problem;
  };
  const add = ({ path, type, linkpath, mode, size }: tar.ReadEntry) => {
    listed.entries.push({ path, type, linkpath, mode });
    listed.bytes += size + HEADER_BYTES;
    if (listed.bytes > mostBytes) refuse(`it unpacks to more than ${Math.floor(mostBytes / 2 ** 20)} MiB, far more than its own size`);
    if (listed.entries.length > MOST_ENTRIES) refuse(`it has more than ${MOST_ENTRIES} entries`);
  };
  const parser = tar.t({ onReadEntry: add, onwarn: (_code, message) => refuse(String(message)) });
  parser.on("ignoredEntry", ({ path, type }) => refuse(`${JSON.stringify(path)} is neither a file, a folder nor a link (${type})`));
  if (!(await feed(file, parser, refuse, () => listed.problem !== undefined))) refuse("it is damaged or cut off");
  return listed;
}

/** @returns whether the parser has come to the archive's end. */
async function feed(
  file: FileHandle,
  parser: tar.Parser,
  fail: (problem: string, error: Error) => void,
  stopped: () => boolean,
): Promise<boolean> {
  let finished = false;
  parser.on("error", (error: Error) => fail(error.message, error));
  parser.on("end", () => {
    finished = true;
  });
  try {
    for (let at = 0; !stopped();) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(READ_BYTES), 0, READ_BYTES, at);
      if (bytesRead === 0) break;
      parser.write(buffer.subarray(0, bytesRead));
      at += bytesRead;
    }
    if (!stopped()) parser.end();
  } catch (error) {
    fail((error as Error).message, error as Error);
  }
  return finished;
}

/** At gzip's best, 64 MiB of contents. */
const READ_BYTES = 64 * 2 ** 10;

/** Written synchronously: at a failure nothing is still being written, and the caller can remove the folder. */
async function unpack(file: FileHandle, folder: string): Promise<void> {
  let problem: string | undefined;
  let full = false;
  const fail = (message: string, error: unknown) => {
    full ||= isDiskFull(error);
    problem ??= message;
  };
  const extract = tar.x({
    sync: true,
    cwd: folder,
    preserveOwner: false,
    onReadEntry: (entry) => {
      entry.mode = entry.type === "Directory" || ((entry.mode ?? 0) & 0o100) !== 0 ? 0o755 : 0o644;
    },
    onwarn: (_code, message, data) => fail(String(message), data),
  });
  const finished = await feed(file, extract, fail, () => problem !== undefined);
  if (full) throw Object.assign(new Error("the disk is full"), { code: "ENOSPC" });
  if (problem !== undefined || !finished) throw refusal(problem ?? "it is damaged or cut off");
}

function refusal(problem: string): AgentFailure {
  return new AgentFailure("archive", `the archive is refused: ${problem}`, {
    next: "Build the release again: Fleetwright's own archives hold nothing like this.",
  });
}
