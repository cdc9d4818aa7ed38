/** What this computer must have to run local machines. */
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { FleetError } from "../../errors.ts";
import { systemPath } from "./run.ts";

/** Program → the Debian package that it is in. */
const PROGRAMS: Record<string, string> = {
  "systemd-nspawn": "systemd-container",
  ip: "iproute2",
  ssh: "openssh-client",
  "ssh-keygen": "openssh-client",
  flock: "util-linux",
  setpriv: "util-linux",
  mount: "mount",
};

/** Where the image has to be built first. */
const BUILDERS: Record<string, string> = { mmdebstrap: "mmdebstrap" };

/** Ubuntu, for one, has no Debian keys of itself; mmdebstrap checks signatures with them. */
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

/**
 * The Debian packages to install before local machines can be made, each once; empty when all is there.
 * @param also other programs that are needed, with the package that each is in
 * @param builds whether an image may have to be built
 */
export function missingDebianPackages(also: Record<string, string> = {}, builds = true): string[] {
  const missing = Object.entries({ ...(builds ? BUILDERS : {}), ...PROGRAMS, ...also })
    .filter(([program]) => !onPath(program))
    .map(([, debianPackage]) => debianPackage);
  if (builds && !existsSync(KEYRING)) missing.push("debian-archive-keyring");
  return [...new Set(missing)];
}

function onPath(program: string): boolean {
  return systemPath()
    .split(delimiter)
    .some((folder) => {
      try {
        accessSync(join(folder, program), constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

export interface Here {
  platform: string;
  uid: number | undefined;
  missing: string[];
}

/** What this computer lacks. @param builds whether an image may have to be built */
export function here(builds: boolean): Here {
  const missing = process.platform === "linux" ? missingDebianPackages({}, builds) : [];
  return { platform: process.platform, uid: process.getuid?.(), missing };
}

/** @throws FleetError with the command to run, when this isn't Linux, we aren't root or programs are missing */
export function requireLocalMachines({ platform, uid, missing }: Here): void {
  if (platform !== "linux") {
    throw new FleetError(`local machines need Linux, and this is ${platform}`, {
      next: "Run this in a Linux VM (Debian 12 or 13, as root), or list existing servers under the provider `hosts`.",
    });
  }
  if (uid !== 0) {
    throw new FleetError("local machines need root: they are made of namespaces, mounts and bridges", {
      next: "Run the same command as root, for example: sudo npm run local",
    });
  }
  if (missing.length > 0) {
    throw new FleetError(`programs are missing that local machines are made with (Debian: ${missing.join(", ")})`, {
      next: `As root: apt-get install --yes --no-install-recommends ${missing.join(" ")}`,
    });
  }
}
