/** The system that local machines boot, as one archive: so that they come back where Debian's mirror can't be reached. */
import { existsSync, mkdirSync } from "node:fs";
import { basename } from "node:path";
import { cachePath, makeOnce } from "../cache.ts";
import { FleetError } from "../errors.ts";
import { imagePath } from "../machines/local/image.ts";
import type { Suite } from "../machines/local/spec.ts";
import { execute } from "../offline/executables.ts";
import { withoutSecrets } from "./candidates.ts";
import { parseStackConfig } from "../config/parse.ts";
import type { Tool } from "./tool-files.ts";

/** Name of a local machine image's tool, before the suite's. */
export const IMAGE_PREFIX = "image-";

/** Owners, modes and capabilities are part of a system: the library's `tar` leaves them to the umask. */
const AS_IT_IS = ["--numeric-owner", "--xattrs", "--xattrs-include=*"];

/** The image of a stack's local machines; undefined where its machines are others. @param value the fleet's value in the stack's file */
export function imageOfStack(value: unknown): Suite | undefined {
  if (value === undefined) return undefined;
  const { machines } = parseStackConfig(withoutSecrets(value));
  return machines.provider === "local" ? machines.image : undefined;
}

/**
 * Packs an image that is on this computer, once; some twenty seconds.
 * @returns undefined where it isn't there
 * @throws FleetError when tar fails
 */
export async function packImage(suite: Suite): Promise<Tool | undefined> {
  const folder = imagePath(suite);
  if (!existsSync(folder)) return undefined;
  const version = basename(folder);
  const file = cachePath("program", `image-${version}.tar.gz`);
  const packed = ["-C", folder, "--sort=name", ...AS_IT_IS, "-I", "gzip -n -1"];
  await makeOnce(file, (temporary) => tar([...packed, "-cf", temporary, "."], "the local machines' image could not be packed"));
  return { name: `${IMAGE_PREFIX}${suite}`, version, platform: `${process.platform}-${process.arch}`, file };
}

/** @param archive verified already */
export async function unpackImage(archive: string, folder: string): Promise<void> {
  mkdirSync(folder);
  await tar(["-C", folder, "--preserve-permissions", ...AS_IT_IS, "-xzf", archive], "the local machines' image could not be unpacked");
}

async function tar(args: readonly string[], problem: string): Promise<void> {
  const { ok, lastLines } = await execute("tar", [...args]);
  if (ok) return;
  throw new FleetError(`${problem}.`, {
    log: lastLines,
    kept: "everything; no machine was touched.",
    next: "see the lines above (GNU tar and gzip are needed, root, and room in the cache), then run the same command again",
  });
}
