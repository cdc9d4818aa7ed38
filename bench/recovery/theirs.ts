/** The other side: empty machines of the same kind, and a playbook that puts the store's own archives on them. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { chooseSet } from "../../infra/recovery/choose.ts";
import { pinsOf } from "../../infra/recovery/pins-of-set.ts";
import { objectName } from "../../infra/recovery/store/layout.ts";
import { openStore } from "../../infra/recovery/store/open.ts";
import { Hosts, type Login } from "../../test/support/hosts.ts";
import { ansibleFolder } from "../deploy/ansible.ts";
import { runPlaybook } from "../deploy/theirs.ts";
import type { Fleet } from "./ours.ts";

const SITE = join(import.meta.dirname, "playbook/site.yml");

export interface Rebuilt {
  /** Until all machines answer: the same as ours, as an operator's cloud would make them. */
  machinesMs: number;
  playbookMs: number;
}

/** @param store its folder */
export async function rebuildTheirs(store: string, { size, ...quota }: Fleet, say: (line: string) => void): Promise<Rebuilt> {
  const ansible = await ansibleFolder(say);
  const folder = mkdtempSync(join(tmpdir(), "fleetwright-bench-ansible-"));
  const hosts = new Hosts("bench-recovery");
  try {
    const names = Array.from({ length: size }, (_, index) => `web-${index + 1}`);
    const startedMs = performance.now();
    const logins = await Promise.all(names.map((name) => hosts.make(name, "trixie", undefined, { cores: "all", ...quota })));
    const machinesMs = performance.now() - startedMs;
    const archives = await archivesOf(store);
    writeInventory(folder, names, logins, archives);
    return { machinesMs, playbookMs: await runPlaybook(ansible, folder, SITE) };
  } finally {
    hosts.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Paths in the store, as `RECOVER.txt` leads a person to them. */
async function archivesOf(store: string): Promise<Record<string, string>> {
  const opened = await openStore(store);
  try {
    const { named } = await chooseSet(opened, { project: "fleetwright", stack: "local" });
    const [pin] = Object.values(pinsOf(named).fleets);
    const [release] = Object.values(pin?.release.archives ?? {});
    const [packages] = Object.values(pin?.release.packages ?? {});
    const [runtime] = Object.values(pin?.runtimes ?? {});
    if (release === undefined || packages === undefined || runtime === undefined) throw new Error(`${store} lacks an archive`);
    const at = ({ sha256 }: { sha256: string }): string => join(store, objectName(sha256));
    return { release_archive: at(release), packages_archive: at(packages.archive), runtime_archive: at(runtime) };
  } finally {
    await opened.close();
  }
}

function writeInventory(folder: string, names: readonly string[], logins: readonly Login[], archives: Record<string, string>): void {
  writeFileSync(join(folder, "known_hosts"), logins.map(({ address, hostKey }) => `${address} ${hostKey}\n`).join(""));
  const vars = {
    ansible_user: "root",
    ansible_ssh_private_key_file: logins[0]?.privateKeyFile,
    ansible_ssh_common_args: `-o UserKnownHostsFile=${join(folder, "known_hosts")}`,
    workers: availableParallelism(),
    ...archives,
  };
  const hosts = Object.fromEntries(names.map((name, index) => [name, { ansible_host: logins[index]?.address }]));
  writeFileSync(join(folder, "inventory.yml"), stringify({ web: { hosts, vars } }));
}
