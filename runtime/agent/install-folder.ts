/** Folders out of archives, releases and packages alike: filled beside their place, then renamed into it; whole or not there. */
import { mkdir, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { Agent } from "./context.ts";
import { diskFull, isDiskFull } from "./disk.ts";
import { temporaryBeside } from "./files.ts";
import { changedFiles, writeListing } from "./listing.ts";

/** Whole, as it was installed: one that somebody edited counts as missing, so that it is sent again. */
export async function folderIsWhole(folder: string): Promise<boolean> {
  return (await isFolder(folder)) && (await changedFiles(folder)).length === 0;
}

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );

/**
 * @param fill puts everything into the folder that it is given
 * @param onReplaced called when there was another folder in its place
 * @throws AgentFailure, or what `fill` throws; the partial folder is removed
 */
export async function installFolder(
  agent: Agent,
  target: string,
  fill: (folder: string) => Promise<void>,
  onReplaced: () => Promise<void> = async () => undefined,
): Promise<void> {
  const temporary = temporaryBeside(target);
  await mkdir(dirname(target), { recursive: true, mode: 0o755 });
  await mkdir(temporary, { mode: 0o755 });
  try {
    await fill(temporary);
    await writeListing(temporary);
    // Or a power cut could leave empty files under a name that says they are whole.
    await agent.run("sync", ["-f", temporary]);
    if (await isFolder(target)) await replace(temporary, target, onReplaced);
    else await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw isDiskFull(error) ? diskFull(dirname(target), "the disk was full while unpacking") : error;
  }
}

/** Whoever is just loading something finds the old files or the new ones, but for the moment between two renames. */
async function replace(whole: string, target: string, onReplaced: () => Promise<void>): Promise<void> {
  const away = temporaryBeside(target);
  await rename(target, away);
  await rename(whole, target);
  await onReplaced();
  await rm(away, { recursive: true, force: true });
}
