/**
 * What the disk and /proc say of a machine, and what follows for the next run. Reads only, and at once: a Pulumi program
 * must know it before it declares its resources.
 */
import { type BigIntStats, lstatSync } from "node:fs";
import { dirname } from "node:path";
import { hashOf } from "../../../runtime/manifest.ts";
import { isWhole } from "./disk.ts";
import { type MachinePlace, machinePlace, type Place } from "./place.ts";
import { isRunning, machineNames, readMachine } from "./registry.ts";
import { type MachineSpec, sameSpec, specOf } from "./spec.ts";

export type Observation =
  /** `since` tells one absence from an earlier one. */
  | { state: "absent"; since: string }
  | { state: "diskless" | "stopped" | "running"; spec: MachineSpec; createId: string | null; address: string; pid: number | null };

export function observe(place: Place, name: string): Observation {
  const machine = machinePlace(place, name);
  const record = readMachine(machine);
  if (record === undefined) return { state: "absent", since: absentSince(machine) };
  const state = !isWhole(machine, record.disk) ? "diskless" : isRunning(record) ? "running" : "stopped";
  const { spec, createId, address } = record;
  return { state, spec, createId, address, pid: state === "running" ? (record.process?.pid ?? null) : null };
}

/**
 * When the innermost folder that there is last gained or lost an entry. So a machine that is made, deleted by hand and wanted
 * again has a new id each time, though nothing else is known of it.
 */
function absentSince(machine: MachinePlace): string {
  for (let path = machine.record; ; path = dirname(path)) {
    const found = statOrNothing(path);
    if (found !== undefined) return `${path} ${found.ino} ${found.mtimeNs}`;
  }
}

/** Nothing, too, for what only root may look at: `create` then says that root is needed. */
function statOrNothing(path: string): BigIntStats | undefined {
  try {
    return lstatSync(path, { bigint: true });
  } catch (error) {
    if (path === dirname(path)) throw error;
    return undefined;
  }
}

/**
 * The id for `create`: the recorded one as long as the machine runs as wanted, so that nothing changes; else one that no
 * earlier run had. `create` records it, and so the run after is quiet again.
 */
export function decideCreateId(observed: Observation, wanted: MachineSpec): string {
  if (observed.state === "running" && observed.createId !== null && sameSpec(observed.spec, wanted)) return observed.createId;
  return hashOf({ observed, wanted: specOf(wanted) }).slice(0, 16);
}

export interface Listed {
  name: string;
  state: Observation["state"];
  address: string | null;
  image: string | null;
  cores: number | "all" | null;
  createId: string | null;
  /** The launcher's; null when the machine is off. */
  pid: number | null;
}

/** All machines of a world, half-made ones too. */
export function listMachines(place: Place): Listed[] {
  return machineNames(place).map((name) => {
    const seen = observe(place, name);
    if (seen.state === "absent") return { name, state: seen.state, address: null, image: null, cores: null, createId: null, pid: null };
    const { state, spec, createId, address, pid } = seen;
    return { name, state, address, image: spec.image, cores: spec.cores, createId, pid };
  });
}
