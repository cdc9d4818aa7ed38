/** The Caddy of the runtime bundle, for the machines' architecture: its release, else built from its Go module. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Say } from "./executables.ts";
import { alreadyBuilt, type GoProgram, goBuild } from "./go-build.ts";
import { installRelease, type Release, releaseFolder } from "./release.ts";

/** Tried out with slots that come and go; older ones lose POSTs then (caddyserver/caddy #7360, #7547, #7715). */
export const CADDY_VERSION = "2.11.9";

const published = `https://github.com/caddyserver/caddy/releases/download/v${CADDY_VERSION}`;

const goArch = { x64: "amd64", arm64: "arm64" } as const;

/**
 * The path of a static Caddy for Linux.
 * @param options.releases where the release and its checksums are; a mirror, or a test's server
 * @throws FleetError when it can't be downloaded and there is no Go, or it can't build
 */
export async function caddyBinary(arch: "x64" | "arm64", { say, releases = published }: { say: Say; releases?: string }): Promise<string> {
  const release = releaseFor(arch);
  const built = existsSync(releaseFolder(release)) ? undefined : await alreadyBuilt(programFor(arch));
  if (built !== undefined) return built;
  const folder = await installRelease(release, releases, say);
  return folder === undefined ? goBuild(programFor(arch), say) : join(folder, "caddy");
}

/** The go.mod that our Caddy is built from; its release has the modules of the same versions of Caddy. */
export const caddyModules = (): string => readFileSync(join(import.meta.dirname, "go/caddy/go.mod"), "utf8");

function releaseFor(arch: "x64" | "arm64"): Release {
  return {
    title: `Caddy ${CADDY_VERSION}`,
    folder: `caddy-${CADDY_VERSION}-${arch}`,
    archive: `caddy_${CADDY_VERSION}_linux_${goArch[arch]}.tar.gz`,
    checksums: `caddy_${CADDY_VERSION}_checksums.txt`,
    strip: 0,
  };
}

/** go.sum pins every source by hash, and with `-trimpath` and without cgo the program is the same file everywhere. */
function programFor(arch: "x64" | "arm64"): GoProgram {
  return {
    name: "caddy",
    title: `Caddy for ${arch}`,
    package: "github.com/caddyserver/caddy/v2/cmd/caddy",
    ldflags: "-s -w -buildid=",
    env: { GOOS: "linux", GOARCH: goArch[arch], CGO_ENABLED: "0" },
  };
}
