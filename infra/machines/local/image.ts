/** The base image that every machine's disk is an overlay of. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { hashOf } from "../../../runtime/manifest.ts";
import { cachePath, makeOnce } from "../../cache.ts";
import { FleetError } from "../../errors.ts";
import { withLock } from "./lock.ts";
import { identify } from "./process.ts";
import { systemPath } from "./run.ts";
import { debian, type Say, type Suite } from "./spec.ts";

const PACKAGES = [
  "systemd",
  "systemd-sysv",
  "dbus",
  "openssh-server",
  "iproute2",
  "ca-certificates",
  "python3",
  "sudo",
  "procps",
  "nftables",
  "curl",
];

const SSHD = `HostKey /etc/ssh/ssh_host_ed25519_key
PermitRootLogin prohibit-password
AuthenticationMethods publickey
PasswordAuthentication no
KbdInteractiveAuthentication no
X11Forwarding no
`;

/** No clock-driven upkeep, and no login prompt in the console's log. */
const MASKED = [
  "apt-daily.timer",
  "apt-daily-upgrade.timer",
  "dpkg-db-backup.timer",
  "fstrim.timer",
  "e2scrub_all.timer",
  "console-getty.service",
];

/** Shell, run by mmdebstrap with the image's folder as `$1`. */
const FINISH = `set -eu
rm -f "$1"/etc/ssh/ssh_host_* "$1/etc/resolv.conf" "$1/etc/hostname"
printf '%s' '${SSHD}' > "$1/etc/ssh/sshd_config.d/fleetwright.conf"
printf '127.0.0.1 localhost\\n::1 localhost\\n' > "$1/etc/hosts"
printf '# Local machines have no DNS.\\n' > "$1/etc/resolv.conf"
for unit in ${MASKED.join(" ")}; do ln -sf /dev/null "$1/etc/systemd/system/$unit"; done
install -d -m 700 "$1/root/.ssh"
install -d -m 755 "$1/var/log/journal"
: > "$1/etc/machine-id"
touch "$1/etc/.updated" "$1/var/.updated"`;

/**
 * mmdebstrap's arguments but for the target folder: the whole recipe, and so what the image is named by.
 * @param also more packages
 */
export function imageRecipe(suite: Suite, also: readonly string[] = []): string[] {
  return [
    "--mode=root",
    "--variant=minbase",
    "--format=directory",
    `--include=${[...PACKAGES, ...also].join(",")}`,
    '--aptopt=Acquire::Languages "none"',
    "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    `--customize-hook=${FINISH}`,
    suite,
  ];
}

export function imagePath(suite: Suite, also: readonly string[] = []): string {
  return cachePath("images", `${suite}-${hashOf({ recipe: imageRecipe(suite, also), arch: process.arch }).slice(0, 16)}`);
}

/**
 * The folder of the image, built on first use: some 30 s and 160 MB, from Debian's archive.
 * Of two at once, one builds and the other waits.
 * @param also more packages than machines need
 */
export async function ensureImage(suite: Suite, say: Say, also: readonly string[] = []): Promise<string> {
  const path = imagePath(suite, also);
  if (existsSync(path)) return path;
  return withLock(
    dirname(path),
    async () => {
      removeInterrupted(dirname(path));
      return makeOnce(path, (temporary) => build(suite, imageRecipe(suite, also), temporary, say));
    },
    () => say(`image ${debian[suite].title}: waiting for another build to end`),
  );
}

/** What a killed build has left; its name holds its process's number. */
function removeInterrupted(folder: string): void {
  for (const name of readdirSync(folder)) {
    const pid = Number(/\.(\d+)-[0-9a-f]+\.tmp$/.exec(name)?.[1]);
    if (!(pid > 0) || identify(pid) !== undefined) continue;
    try {
      rmSync(join(folder, name), { recursive: true, force: true });
    } catch {
      // Its mmdebstrap is still ending and writes there: the next build has another go.
    }
  }
}

async function build(suite: Suite, recipe: readonly string[], target: string, say: Say): Promise<void> {
  const { title } = debian[suite];
  say(`image ${title}: building it, once`);
  // mmdebstrap cleans up on TERM, and gets one when we are killed.
  const child = spawn("setpriv", ["--pdeathsig", "TERM", "mmdebstrap", ...recipe, target], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, PATH: systemPath(), LC_ALL: "C" },
  });
  const ended = once(child, "exit");
  const tail: string[] = [];
  for await (const line of createInterface({ input: child.stderr })) {
    const step = /^I: (?!running --)(.*)/.exec(line)?.[1];
    if (step !== undefined) say(`image ${title}: ${step}`);
    else tail.push(line);
  }
  const [code] = await ended;
  if (code !== 0) {
    throw new FleetError(`the image of ${title} could not be built (mmdebstrap: ${code})`, {
      log: tail.slice(-8),
      kept: "nothing was kept of it",
      next: "It comes from Debian's package mirror: see that this computer reaches it (apt-get update), then run the same command again.",
    });
  }
}
