/** What this computer needs for local machines, installed where that is possible. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { exitCodes, FleetError } from "../errors.ts";
import { imagePath } from "../machines/local/image.ts";
import { missingDebianPackages } from "../machines/local/requirements.ts";
import type { Suite } from "../machines/local/spec.ts";

export interface Wanted {
  /** Programs that are needed beside those for local machines, with the Debian package that each is in. */
  also?: Record<string, string>;
  /** What the machines boot: where it is at hand, what would build it isn't needed. */
  image?: Suite;
}

/** @throws FleetError with the exact command, when this isn't root */
export function prepareComputer({ also = {}, image }: Wanted = {}): void {
  requireRoot();
  const missing = missingDebianPackages(also, image === undefined || !existsSync(imagePath(image)));
  if (missing.length > 0) install(missing);
}

/** @throws FleetError with the exact command */
export function requireRoot(): void {
  if (process.getuid?.() === 0) return;
  throw new FleetError("local machines need root: they are network namespaces, mounts and systemd containers.", {
    kept: "everything; nothing was changed.",
    next: `run it as root: sudo npm run local${hintForMissing()}`,
    exitCode: exitCodes.usage,
  });
}

function hintForMissing(): string {
  const missing = missingDebianPackages();
  return missing.length === 0 ? "" : ` (it will install: apt-get install ${missing.join(" ")})`;
}

function install(packages: readonly string[]): void {
  process.stderr.write(`Installing Debian packages: ${packages.join(" ")} …\n`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const commands = [
    ["update", "-qq"],
    ["install", "-y", "-qq", "--no-install-recommends", ...packages],
  ];
  for (const args of commands) {
    const result = spawnSync("apt-get", args, { env, stdio: ["ignore", "ignore", "inherit"] });
    if (result.status === 0) continue;
    throw new FleetError(`apt-get ${args[0]} failed.`, {
      kept: "everything else; no machine was made.",
      next: `see the lines above; then: apt-get update && apt-get install ${packages.join(" ")}`,
    });
  }
}
