/** What Ansible needs for these machines: an inventory, known hosts, the app's folder and an archive of its packages. */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { arch } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { pythonPackages } from "../../infra/build/python.ts";
import { readPythonLock } from "../../infra/build/requirements.ts";
import { caddyBinary } from "../../infra/offline/caddy.ts";
import { runIn, evidence } from "../../test/support/project.ts";
import { PLAYBOOK } from "./ansible.ts";
import type { BenchMachine } from "./ours.ts";

type Say = (line: string) => void;
const ARCH = arch() === "arm64" ? "arm64" : "x64";

/** Fills `folder`; the app there is the one that a "one-line change" edits. */
export async function prepareTheirs(folder: string, app: string, machines: readonly BenchMachine[], say: Say): Promise<void> {
  mkdirSync(folder, { recursive: true });
  cpSync(app, join(folder, "app"), { recursive: true });
  const lock = readPythonLock(app, "asgi");
  const packages = await pythonPackages(app, lock, { arch: ARCH, python: "3.13" }, say);
  execFileSync("tar", ["-czf", join(folder, "packages.tar.gz"), "-C", packages, "."]);
  writeFileSync(join(folder, "known_hosts"), machines.map(({ address, hostKey }) => `${address} ${hostKey}\n`).join(""));
  const vars = {
    ansible_user: "root",
    ansible_ssh_private_key_file: machines[0]?.privateKeyFile,
    ansible_ssh_common_args: `-o UserKnownHostsFile=${join(folder, "known_hosts")}`,
    caddy_binary: await caddyBinary(ARCH, { say }),
    app_folder: join(folder, "app"),
    packages_archive: join(folder, "packages.tar.gz"),
    packages_hash: packages.slice(packages.lastIndexOf("/") + 1, packages.lastIndexOf("/") + 13),
  };
  const hosts = Object.fromEntries(machines.map(({ name, address, workers }) => [name, { ansible_host: address, workers }]));
  writeFileSync(join(folder, "inventory.yml"), stringify({ web: { hosts, vars } }));
}

/** Runs the playbook. @returns how long it took in ms */
export function deployTheirs(ansible: string, folder: string): Promise<number> {
  return runPlaybook(ansible, folder, join(PLAYBOOK, "site.yml"));
}

/** Runs a playbook with the inventory in `folder`. @returns how long it took in ms */
export async function runPlaybook(ansible: string, folder: string, site: string): Promise<number> {
  const env = { ANSIBLE_CONFIG: join(PLAYBOOK, "ansible.cfg"), ANSIBLE_HOME: join(folder, ".ansible"), LC_ALL: "C.UTF-8" };
  const startedMs = performance.now();
  const args = ["-m", "ansible", "playbook", "-i", join(folder, "inventory.yml"), site];
  const run = await runIn(PLAYBOOK, join(ansible, "bin", "python"), args, { env });
  if (run.code !== 0) throw new Error(evidence(run));
  return performance.now() - startedMs;
}
