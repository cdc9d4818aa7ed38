/** Looks through a whole machine for values that only its app's workers and its credential store may have. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Hosts } from "../../support/hosts.ts";
import { leakingFiles, leaks } from "../../support/leaks.ts";

export interface SearchOptions {
  app: string;
  /** Whether its journal is searched, too: not where the app itself said a value. */
  journal: boolean;
  /** For a copy of what the machine has in memory. */
  folder: string;
}

export async function searchMachine(hosts: Hosts, name: string, traces: readonly Buffer[], options: SearchOptions): Promise<void> {
  const { app, journal, folder } = options;
  searchDisk(traces, hosts.disk(name), { store: `etc/credstore/${app}/`, skipped: journal ? [] : ["var/log/journal/"] });
  await searchMemory(hosts, name, traces, join(folder, `volatile-${name}`));
  const credentials = await hosts.sh(
    name,
    `find /run/credentials -path '*${app}@*' ! -perm -o=r -type f | wc -l; find /run/credentials -path '*${app}@*' -type f | wc -l`,
  );
  assert.match(credentials, /^([1-9]\d*)\n\1$/);
  if (journal) assert.ok(!leaks(traces, await hosts.sh(name, "journalctl --all -o export")), "the journal");
  const status = await hosts.sh(name, `/opt/fleetwright/current/bin/fleethost status --json; systemctl show '${app}@*' fleetwright-caddy`);
  assert.ok(!leaks(traces, status), status);
}

function searchDisk(traces: readonly Buffer[], disk: string, { store, skipped }: { store: string; skipped: readonly string[] }): void {
  const found = leakingFiles(traces, disk);
  const elsewhere = found.filter((path) => ![store, ...skipped].some((folder) => path.startsWith(folder)));
  assert.deepEqual(elsewhere, []);
  assert.ok(
    found.some((path) => path.startsWith(store)),
    "the search finds what is there",
  );
}

/** In memory, systemd's own copy of each secret is for the app's user and root. */
async function searchMemory(hosts: Hosts, name: string, traces: readonly Buffer[], copy: string): Promise<void> {
  const volatile = await hosts.sh(name, "tar -C / --exclude=run/credentials -c run tmp dev/shm 2>/dev/null | base64 -w0");
  mkdirSync(copy, { recursive: true });
  execFileSync("tar", ["-x", "-C", copy], { input: Buffer.from(volatile, "base64") });
  assert.deepEqual(leakingFiles(traces, copy), []);
  rmSync(copy, { recursive: true });
}
