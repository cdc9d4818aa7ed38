/** The Pulumi CLI: one on PATH, else Pulumi's release, else built from its Go module. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cachePath, makeOnce } from "../cache.ts";
import { execute, onPath, type Say } from "./executables.ts";
import { alreadyBuilt, type GoProgram, goBuild } from "./go-build.ts";
import { installRelease, type Release, releaseFolder } from "./release.ts";

/** What is installed where there is none: the version that Fleetwright is tested with. */
export const pinnedVersion = "3.259.0";

/** The oldest CLI that is taken from PATH: as old as the oldest `@pulumi/pulumi` that package.json's peer dependency allows. */
export const oldestVersion = "3.250.0";

export interface PulumiCli {
  path: string;
  version: string;
  source: "PATH" | "download" | "Go module";
}

/** Where Pulumi publishes releases: https://github.com/pulumi/docs/blob/master/data/versions.json */
const published = "https://get.pulumi.com/releases/sdk";

/**
 * @param options.releases where the release and its checksums are; a mirror, or a test's server.
 * @throws FleetError when none of the ways works.
 */
export async function pulumiCli({ say, releases = published }: { say: Say; releases?: string }): Promise<PulumiCli> {
  const found = await newEnoughOnPath(say);
  if (found !== undefined) return { path: found, version: await versionOf(found), source: "PATH" };
  const built = existsSync(releaseFolder(release)) ? undefined : await alreadyBuilt(goProgram);
  if (built !== undefined) return { path: built, version: pinnedVersion, source: "Go module" };
  const folder = await installRelease(release, releases, say);
  if (folder !== undefined) return { path: join(folder, "pulumi"), version: pinnedVersion, source: "download" };
  return { path: await goBuild(goProgram, say), version: pinnedVersion, source: "Go module" };
}

const goProgram: GoProgram = {
  name: "pulumi",
  title: `the Pulumi CLI ${pinnedVersion}`,
  package: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
  ldflags: `-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=${pinnedVersion}`,
  env: {},
};

/** As Pulumi names its releases: `linux-x64`, `darwin-arm64`. */
const platform = `${process.platform}-${process.arch}`;

/** What Pulumi's installer (https://get.pulumi.com) gets, of a pinned version. */
const release: Release = {
  title: `the Pulumi CLI ${pinnedVersion}`,
  folder: `pulumi-${pinnedVersion}-${platform}`,
  archive: `pulumi-v${pinnedVersion}-${platform}.tar.gz`,
  checksums: `pulumi-${pinnedVersion}-checksums.txt`,
  strip: 1,
};

async function newEnoughOnPath(say: Say): Promise<string | undefined> {
  const path = onPath("pulumi");
  if (path === undefined) return undefined;
  const version = await versionOf(path);
  if (isAtLeast(version, oldestVersion)) return path;
  say(`${path} is ${version || "of an unknown version"}; Fleetwright needs ${oldestVersion} or newer, so another is used`);
  return undefined;
}

// Asking takes a third of a second at every start; a file that hasn't changed gives the same answer.
async function versionOf(path: string): Promise<string> {
  const { mtimeMs, size } = statSync(path);
  const key = createHash("sha256")
    .update(JSON.stringify([path, mtimeMs, size]))
    .digest("hex")
    .slice(0, 16);
  const remembered = await makeOnce(cachePath("tools", `pulumi-version-${key}`), async (file) => {
    const { stdout } = await execute(path, ["version"], { timeoutMs: 10_000 });
    writeFileSync(file, stdout.trim());
  });
  return readFileSync(remembered, "utf8");
}

/** Compares the first three numbers of two versions. Pure. */
export function isAtLeast(version: string, oldest: string): boolean {
  const [have, want] = [version, oldest].map((text) => /(\d+)\.(\d+)\.(\d+)/.exec(text)?.slice(1).map(Number));
  if (have === undefined || want === undefined) return false;
  const differs = have.findIndex((number, index) => number !== want[index]);
  return differs < 0 || (have[differs] ?? 0) > (want[differs] ?? 0);
}
