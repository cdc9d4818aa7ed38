/** `fleet local:down`: everything that `fleet local` made, also what a crash left half-made. */
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { exitCodes } from "../errors.ts";
import { down } from "../machines/local/destroy.ts";
import { worldOf } from "../machines/local/world-id.ts";
import { LOCAL_FOLDER, LOCAL_STACK, localFolder, sayToStderr } from "./stacks.ts";

/**
 * Goes by what is there, not by Pulumi's state: that may be lost, locked or half-written.
 * The state describes nothing but these machines, so it goes with them.
 */
export async function localDown(): Promise<number> {
  const folder = localFolder();
  const known = existsSync(folder);
  // The machines' world is named after the folder; who removed the folder by hand still has the machines.
  mkdirSync(folder, { recursive: true });
  const removed = await down(worldOf(folder, LOCAL_STACK), sayToStderr);
  rmSync(folder, { recursive: true, force: true });
  for (const line of removed) process.stdout.write(`removed ${line}\n`);
  const nothing = !known && removed.length === 0;
  process.stdout.write(
    nothing ? "There is no local fleet in this folder.\n" : `Nothing is left of the local fleet; ${LOCAL_FOLDER} was removed too.\n`,
  );
  return exitCodes.ok;
}
