/** Removing what a machine or a world consists of, in whatever state, and looking whether anything is left. */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { FleetError } from "../../errors.ts";
import { groupsNamed, processesIn, removeCgroups } from "./cgroups.ts";
import { unmountBelow } from "./disk.ts";
import { mountsBelow } from "./mounts.ts";
import { linkExists, netnsExists, nspawnFolders, removeLink, removeNetns } from "./network.ts";
import { killAll } from "./nspawn.ts";
import type { MachinePlace, Place } from "./place.ts";
import { eventually, isAlive, type ProcessId, signal } from "./process.ts";
import { readMachine, readMachines } from "./registry.ts";

/** The kernel removes the ends of a cable a moment after its namespace. */
const SETTLE_MS = 5_000;

/** What belongs to a machine or a world. The functions look anew each time. */
export interface Scope {
  name: string;
  folder: string;
  /** Recorded ones; the control groups tell of the rest. */
  processes: ProcessId[];
  groups: () => string[];
  netns: () => string[];
  links: () => string[];
  /** What nspawn keeps outside of our folder. */
  nspawn: () => string[];
}

export function scopeOfMachine(machine: MachinePlace): Scope {
  const record = readMachine(machine);
  return {
    name: machine.name,
    folder: machine.folder,
    processes: record?.process ? [record.process] : [],
    groups: () => [...groupsNamed(machine.cgroup), ...groupsNamed(machine.launchCgroup)],
    netns: () => [machine.netns].filter(netnsExists),
    links: () => (record === undefined ? [] : [record.link].filter(linkExists)),
    nspawn: () => nspawnFolders(machine).filter(existsSync),
  };
}

export function scopeOfWorld(place: Place): Scope {
  const ours = (folder: string) => (existsSync(folder) ? readdirSync(folder).filter((name) => name.startsWith(place.prefix)) : []);
  return {
    name: `world ${place.world}`,
    folder: place.folder,
    processes: readMachines(place).flatMap((record) => record.process ?? []),
    groups: () => groupsNamed(place.cgroup),
    netns: () => ours("/run/netns"),
    links: () => [...ours("/sys/class/net"), ...[place.bridge].filter(linkExists)],
    nspawn: () =>
      ["propagate", "unix-export"].flatMap((kind) =>
        ours(`/run/systemd/nspawn/${kind}`).map((name) => `/run/systemd/nspawn/${kind}/${name}`),
      ),
  };
}

/** Everything of it that there is at this moment, each with its kind. */
export function leftovers(scope: Scope): string[] {
  const alive = scope.processes.filter(isAlive).map(({ pid }) => pid);
  const pids = [...new Set([...alive, ...processesIn(scope.groups())])];
  return [
    ...(pids.length === 0 ? [] : [`processes ${pids.join(" ")}`]),
    ...mountsBelow(scope.folder).map((target) => `mount ${target}`),
    ...scope.netns().map((name) => `network namespace ${name}`),
    ...scope.links().map((name) => `link ${name}`),
    ...scope.groups().map((path) => `control group ${path}`),
    ...[...scope.nspawn(), scope.folder].filter(existsSync).map((path) => `folder ${path}`),
  ];
}

/**
 * Removes all of it.
 * @returns what was there
 * @throws FleetError naming what could not be removed
 */
export async function sweep(scope: Scope): Promise<string[]> {
  const found = leftovers(scope);
  for (const recorded of scope.processes) signal(recorded, "SIGKILL");
  await killAll(() => processesIn(scope.groups()), scope.name);
  await unmountBelow(scope.folder);
  for (const name of scope.netns()) await removeNetns(name);
  for (const name of scope.links()) await removeLink(name);
  removeCgroups(scope.groups());
  for (const folder of [...scope.nspawn(), scope.folder]) removeFolder(folder);
  if (await eventually(() => leftovers(scope).length === 0, SETTLE_MS)) return found;
  throw new FleetError(`not all of ${scope.name} could be removed`, {
    log: leftovers(scope),
    next: "Run the same command again; what is still there then, something else holds on to.",
  });
}

/** Never deletes through a mount. */
function removeFolder(folder: string): void {
  if (mountsBelow(folder).length === 0) rmSync(folder, { recursive: true, force: true });
}
