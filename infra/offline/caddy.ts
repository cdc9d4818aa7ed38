/** The Caddy of the runtime bundle, for the machines' architecture. */
import type { Say } from "./executables.ts";
import { goBuild } from "./go-build.ts";

const goArch = { x64: "amd64", arm64: "arm64" } as const;

/**
 * The path of a static Caddy for Linux, built from its Go module: go.sum pins every source by hash, and a build with
 * `-trimpath` and without cgo is the same file everywhere, so bundles stay the same too.
 * @throws FleetError when there is no Go, or it can't build.
 */
export function caddyBinary(arch: "x64" | "arm64", { say }: { say: Say }): Promise<string> {
  return goBuild(
    {
      name: "caddy",
      title: `Caddy for ${arch}`,
      package: "github.com/caddyserver/caddy/v2/cmd/caddy",
      ldflags: "-s -w -buildid=",
      env: { GOOS: "linux", GOARCH: goArch[arch], CGO_ENABLED: "0" },
    },
    say,
  );
}
