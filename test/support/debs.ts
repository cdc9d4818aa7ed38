/** Debian packages for a machine that reaches no package archive: fetched on this computer, installed there. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Hosts } from "./hosts.ts";

/** This computer's Debian, if machines can run the same one: apt finds packages for that one only. */
export function ownSuite(): "trixie" | "bookworm" | undefined {
  const name = /^VERSION_CODENAME=(\w+)$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1];
  return name === "trixie" || name === "bookworm" ? name : undefined;
}

/** Installs a package, and what it needs that the machine lacks. The machine's Debian is this computer's. */
export async function installPackage(hosts: Hosts, machine: string, name: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "fleetwright-debs-"));
  try {
    mkdirSync(join(folder, "partial"));
    writeFileSync(join(folder, "status"), `${await hosts.sh(machine, "cat /var/lib/dpkg/status")}\n\n`);
    const options = [`Dir::State::status=${folder}/status`, `Dir::Cache::archives=${folder}`, "Debug::NoLocking=1"];
    const words = [...options.flatMap((option) => ["-o", option]), "--yes", "--no-install-recommends", "--download-only", "install", name];
    fetchPackages(words);
    const { address, privateKeyFile } = hosts.login(machine);
    const files = readdirSync(folder).filter((file) => file.endsWith(".deb"));
    const settings = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR"];
    const ssh = ["-F", "none", "-i", privateKeyFile, ...settings.flatMap((setting) => ["-o", setting])];
    execFileSync("scp", ["-q", ...ssh, ...files.map((file) => join(folder, file)), `root@${address}:/root/`]);
    const install = "DEBIAN_FRONTEND=noninteractive dpkg --install /root/*.deb";
    await hosts.sh(machine, `${install} >/root/dpkg.log 2>&1 || { cat /root/dpkg.log >&2; exit 1; }`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Lists that are missing or too old are brought up to date first. */
function fetchPackages(words: string[]): void {
  try {
    execFileSync("apt-get", words, { stdio: "pipe" });
  } catch {
    execFileSync("apt-get", ["-qq", "update"], { stdio: "pipe" });
    execFileSync("apt-get", words, { stdio: "pipe" });
  }
}
