/** The other side: empty machines of the same kind, and the playbook of the bench of deploys, which puts the same code and Caddy on them. */
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Hosts } from "../../test/support/hosts.ts";
import { ansibleFolder } from "../deploy/ansible.ts";
import { deployTheirs, prepareTheirs } from "../deploy/theirs.ts";

const APP = fileURLToPath(new URL("../../examples/fastapi", import.meta.url));

export interface Rebuilt {
  /** Until all machines answer: the same as ours, as an operator's cloud would make them. */
  machinesMs: number;
  playbookMs: number;
}

export async function rebuildTheirs(size: number, say: (line: string) => void): Promise<Rebuilt> {
  const ansible = await ansibleFolder(say);
  const folder = mkdtempSync(join(tmpdir(), "fleetwright-bench-ansible-"));
  const hosts = new Hosts("bench-recovery");
  try {
    const names = Array.from({ length: size }, (_, index) => `web-${index + 1}`);
    const startedMs = performance.now();
    const logins = await Promise.all(names.map((name) => hosts.make(name)));
    const machinesMs = performance.now() - startedMs;
    const machines = logins.map(({ address, hostKey, privateKeyFile }, index) => {
      const about = { name: names[index] ?? "", link: "", root: "", workers: availableParallelism() };
      return { ...about, address, hostKey, privateKeyFile };
    });
    await prepareTheirs(folder, APP, machines, say);
    return { machinesMs, playbookMs: await deployTheirs(ansible, folder) };
  } finally {
    hosts.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
