/** Programs as their publishers release them: an archive, and a file of checksums beside it. */
import { existsSync, mkdirSync } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { x as unpack } from "tar";
import { cachePath, makeOnce } from "../cache.ts";
import { checksumFor, download, verify } from "./download.ts";
import type { Say } from "./executables.ts";

export interface Release {
  /** For people: "the Pulumi CLI 3.259.0". */
  title: string;
  /** Names its folder in the cache. */
  folder: string;
  /** The archive's file name; its checksum stands beside it under `checksums`. */
  archive: string;
  checksums: string;
  /** Leading folders of the archive's paths that are left out. */
  strip: number;
}

/** Where a release is, or will be, on this computer. */
export function releaseFolder(release: Release): string {
  return cachePath("tools", release.folder);
}

/**
 * Downloads, verifies and unpacks a release, once.
 * @param from the folder of both files: the publisher's, a mirror's, or a test's server
 * @returns undefined when it can't be had, after saying why
 */
export async function installRelease(release: Release, from: string, say: Say): Promise<string | undefined> {
  const folder = releaseFolder(release);
  if (existsSync(folder)) return folder;
  say(`Downloading ${release.title} from ${new URL(from).host}…`);
  try {
    const checksums = await download(`${from}/${release.checksums}`);
    const archive = await download(`${from}/${release.archive}`);
    verify(release.archive, archive, checksumFor(release.archive, checksums.toString("utf8")));
    return await makeOnce(folder, async (temporary) => {
      mkdirSync(temporary);
      await pipeline(Readable.from([archive]), unpack({ cwd: temporary, strip: release.strip }));
    });
  } catch (error) {
    say(`${capitalised(release.title)} can't be downloaded (${error instanceof Error ? error.message : error})`);
    return undefined;
  }
}

const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
