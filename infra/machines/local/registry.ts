/** What is written down about a world and its machines: before it is made, so that it can be removed. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { type MachinePlace, machinePlace, type Place } from "./place.ts";
import { identify, isAlive, type ProcessId, processIdSchema } from "./process.ts";
import { machineSpecSchema } from "./spec.ts";

export const worldRecordSchema = z.object({
  schema: z.literal(1),
  world: z.string(),
  bridge: z.string(),
  /** N of 10.213.N.0/24. */
  subnet: z.int().min(1).max(254),
});
export type WorldRecord = z.infer<typeof worldRecordSchema>;

export const machineRecordSchema = z.object({
  schema: z.literal(1),
  name: z.string(),
  /** What runs, or is about to be booted. */
  spec: machineSpecSchema,
  /** The last `create` that was finished; null before the first. */
  createId: z.string().nullable(),
  address: z.string(),
  /** Last number of the address. */
  host: z.int(),
  netns: z.string(),
  link: z.string(),
  /** Absolute paths, the launcher's group among them. */
  cgroups: z.array(z.string()),
  cpus: z.array(z.int()).nullable(),
  /** Null until it is whole, and again once it is lost. */
  disk: z.object({ id: z.string(), hostKey: z.string(), image: z.string() }).nullable(),
  /** The launcher that has nspawn as its child. */
  process: processIdSchema.nullable(),
});
export type MachineRecord = z.infer<typeof machineRecordSchema>;

/** Undefined for what isn't a record of ours: the machine then counts as half-made. */
export function parseRecord<T>(schema: z.ZodType<T>, text: string): T | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

function read<T>(schema: z.ZodType<T>, path: string): T | undefined {
  return existsSync(path) ? parseRecord(schema, readFileSync(path, "utf8")) : undefined;
}

function write(path: string, value: unknown): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(`${path}.new`, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600, flush: true });
  renameSync(`${path}.new`, path);
}

export function readWorld(place: Place): WorldRecord | undefined {
  return read(worldRecordSchema, place.record);
}

export function writeWorld(place: Place, record: WorldRecord): void {
  write(place.record, record);
}

export function readMachine(machine: MachinePlace): MachineRecord | undefined {
  return read(machineRecordSchema, machine.record);
}

/** Writes the record with some fields changed, and returns it. */
export function updateMachine(machine: MachinePlace, record: MachineRecord, changes: Partial<MachineRecord> = {}): MachineRecord {
  const changed = { ...record, ...changes };
  write(machine.record, changed);
  return changed;
}

/** Names of all machines with a folder, whatever state they are in. */
export function machineNames(place: Place): string[] {
  return existsSync(place.machines) ? readdirSync(place.machines).sort() : [];
}

export function readMachines(place: Place): MachineRecord[] {
  return machineNames(place).flatMap((name) => readMachine(machinePlace(place, name)) ?? []);
}

export function isRunning(record: MachineRecord): boolean {
  return record.process !== null && isAlive(record.process);
}

/** Writes down that this process makes something in the world; call the result when it is done. */
export function registerMaker(place: Place): () => void {
  const path = join(place.makers, `${process.pid}.json`);
  write(path, identify(process.pid));
  return () => rmSync(path, { force: true });
}

/** Processes that still make something in the world. */
export function liveMakers(place: Place): ProcessId[] {
  if (!existsSync(place.makers)) return [];
  return readdirSync(place.makers)
    .flatMap((file) => read(processIdSchema, join(place.makers, file)) ?? [])
    .filter((maker) => maker.pid !== process.pid && isAlive(maker));
}
