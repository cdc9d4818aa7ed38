/** Taking a place in a world: its record, key and subnet, and a machine's record and address. */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { subnetsInUse } from "./network.ts";
import { linkName, type MachinePlace, machinePlace, type Place, placeOf } from "./place.ts";
import { type MachineRecord, readMachine, readMachines, readWorld, updateMachine, type WorldRecord, writeWorld } from "./registry.ts";
import { run } from "./run.ts";
import { type MachineSpec, specOf } from "./spec.ts";
import { addressOf, chooseHost, chooseSubnet } from "./subnet.ts";

/** Call under the root's lock, as worlds must not choose the same subnet. */
export async function ensureWorld(place: Place): Promise<WorldRecord> {
  const known = readWorld(place);
  const record: WorldRecord = known ?? {
    schema: 1,
    world: place.world,
    bridge: place.bridge,
    subnet: chooseSubnet(new Set([...(await subnetsInUse()), ...subnetsOfWorlds(place.root)]), place.key),
  };
  if (known === undefined) writeWorld(place, record);
  await ensureKey(place.privateKeyFile);
  return record;
}

/** A world that is switched off has its subnet still. */
function subnetsOfWorlds(root: string): number[] {
  return readdirSync(root).flatMap((world) => readWorld(placeOf(world, root))?.subnet ?? []);
}

async function ensureKey(path: string): Promise<void> {
  if (existsSync(path)) return;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const unfinished = `${path}.new`;
  for (const file of [unfinished, `${unfinished}.pub`]) rmSync(file, { force: true });
  await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "fleetwright", "-f", unfinished]);
  renameSync(`${unfinished}.pub`, `${path}.pub`);
  renameSync(unfinished, path);
}

/** The machine's record; a new one has its address and all its names, before any of it is made. Call under the root's lock. */
export function ensureRecord(place: Place, machine: MachinePlace, world: WorldRecord, spec: MachineSpec): MachineRecord {
  const known = readMachine(machine);
  if (known !== undefined) return known;
  const host = chooseHost(new Set(readMachines(place).map((other) => other.host)));
  return updateMachine(machine, {
    schema: 1,
    name: machine.name,
    spec: specOf(spec),
    createId: null,
    address: addressOf(world.subnet, host),
    host,
    netns: machine.netns,
    link: linkName(place, host),
    cgroups: [],
    cpus: null,
    disk: null,
    process: null,
  });
}

/** CPUs that the world's other machines are bound to. */
export function cpusOfOthers(place: Place, name: string): number[][] {
  return readMachines(place)
    .filter((other) => other.name !== machinePlace(place, name).name)
    .flatMap((other) => (other.cpus === null ? [] : [other.cpus]));
}
