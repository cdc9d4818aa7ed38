/** What this computer must have to run local machines. */
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { FleetError } from "../../errors.ts";
import { systemPath } from "./run.ts";

/** Program → the Debian package that it is in. */
const PROGRAMS: Record<string, string> = {
  mmdebstrap: "mmdebstrap",
  "systemd-nspawn": "systemd-container",
  ip: "iproute2",
  ssh: "openssh-client",
  "ssh-keygen": "openssh-client",
  flock: "util-linux",
  setpriv: "util-linux",
  mount: "mount",
};

/** Ubuntu, for one, has no Debian keys of itself; mmdebstrap checks signatures with them. */
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

/**
 * The Debian packages to install before local machines can be made, each once; empty when all is there.
 * @param also other programs that are needed, with the package that each is in
 */
export function missingDebianPackages(also: Record<string, string> = {}): string[] {
  const missing = Object.entries({ ...PROGRAMS, ...also })
    .filter(([program]) => !onPath(program))
    .map(([, debianPackage]) => debianPackage);
  if (!existsSync(KEYRING)) missing.push("debian-archive-keyring");
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

/** @throws FleetError with the command to run, when this isn't Linux, we aren't root or programs are missing */
export function requireLocalMachines(
  here: { platform: string; uid: number | undefined; missing: string[] } = {
    platform: process.platform,
    uid: process.getuid?.(),
    missing: process.platform === "linux" ? missingDebianPackages() : [],
  },
): void {
  if (here.platform !== "linux") {
    throw new FleetError(`local machines need Linux, and this is ${here.platform}`, {
      next: "Run this in a Linux VM (Debian 12 or 13, as root), or list existing servers under the provider `hosts`.",
    });
  }
  if (here.uid !== 0) {
    throw new FleetError("local machines need root: they are made of namespaces, mounts and bridges", {
      next: "Run the same command as root, for example: sudo npm run local",
    });
  }
  if (here.missing.length > 0) {
    throw new FleetError(`programs are missing that local machines are made with (Debian: ${here.missing.join(", ")})`, {
      next: `As root: apt-get install --yes --no-install-recommends ${here.missing.join(" ")}`,
    });
  }
}
