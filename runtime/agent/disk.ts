/** Room on the disk: asked before unpacking, and told the same way when it runs out on the way. */
import { statfs } from "node:fs/promises";
import { agentExit } from "../report.ts";
import { AgentFailure } from "./failure.ts";

/** Unpacked files take whole blocks, and bytecode comes on top: half as much again as the archive's contents. */
const UNPACKED_FACTOR = 1.5;
/** What a machine needs to go on working. */
const SPARE_BYTES = 64 * 2 ** 20;

const mebibytes = (bytes: number) => Math.ceil(bytes / 2 ** 20);

/** @throws AgentFailure with exit code 3. @param contentBytes What the archive holds, unpacked. */
export async function requireSpace(folder: string, contentBytes: number): Promise<void> {
  const needed = contentBytes * UNPACKED_FACTOR + SPARE_BYTES;
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize >= needed) return;
  throw diskFull(folder, `unpacking needs ${mebibytes(needed)} MiB on the disk, ${mebibytes(bavail * bsize)} MiB are free`);
}

export function diskFull(folder: string, what: string): AgentFailure {
  return new AgentFailure("disk", what, {
    kept: "everything that ran before; the part that was unpacked is removed",
    next: `Make room on the file system of ${folder.replace(/\/\.tmp-[^/]*$/, "")}, then run the same again.`,
    exitCode: agentExit.preflight,
  });
}

export function isDiskFull(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | undefined)?.code === "ENOSPC";
}
