/** Making a machine be there and run; whatever of it is there already is kept. */
import { existsSync } from "node:fs";
import { FleetError } from "../../errors.ts";
import { availableCpus, chooseCpus } from "./cpus.ts";
import { ensureDisk, loseDisk } from "./disk.ts";
import { imagePath } from "./image.ts";
import { withLock } from "./lock.ts";
import { connect, ensureBridge } from "./network.ts";
import { cutPower, launch, shutDown } from "./nspawn.ts";
import { type MachinePlace, machinePlace, type Place, placeOf } from "./place.ts";
import { waitUntilUp } from "./ready.ts";
import { isRunning, type MachineRecord, readMachine, registerMaker, updateMachine } from "./registry.ts";
import { here, requireLocalMachines } from "./requirements.ts";
import { type Cores, type Created, type CreateRequest, debian, type MachineSpec, type Say, sameSpec, specOf } from "./spec.ts";
import { cpusOfOthers, ensureRecord, ensureWorld } from "./world.ts";

const BOOT_TIMEOUT_MS = 60_000;

interface Target {
  place: Place;
  machine: MachinePlace;
  say: Say;
}

/**
 * Makes the machine be there, run and answer. One that does so with the same spec isn't touched, only its `createId` is
 * recorded. Other cores or memory: it is shut down and booted. Another image: it gets a new disk.
 * @throws FleetError naming the machine
 */
export async function createMachine(request: CreateRequest, say: Say): Promise<Created> {
  requireLocalMachines(here(!existsSync(imagePath(request.image))));
  // Before anything is made; which CPUs it shall be is decided at boot.
  chooseCpus(request.cores, availableCpus(), []);
  const place = placeOf(request.world);
  const target = { place, machine: machinePlace(place, request.name), say };
  const release = await withLock(
    place.root,
    () => claim(target, request),
    () => say(`${request.name}: waiting for its turn`),
  );
  try {
    return await withMachine(target, (record) => converge(target, record, request));
  } finally {
    release();
  }
}

/** Writes down everything that is going to be made, and who makes it. */
async function claim({ place, machine }: Target, request: CreateRequest): Promise<() => void> {
  const release = registerMaker(place);
  try {
    const world = await ensureWorld(place);
    ensureRecord(place, machine, world, request);
    return release;
  } catch (error) {
    release();
    throw error;
  }
}

async function withMachine<T>({ machine, say }: Target, work: (record: MachineRecord) => Promise<T>): Promise<T> {
  const waiting = () => say(`${machine.name}: waiting for another command about it to end`);
  return withLock(machine.folder, async () => work(known(machine)), waiting);
}

function known(machine: MachinePlace): MachineRecord {
  const record = readMachine(machine);
  if (record !== undefined) return record;
  throw new FleetError("there is no such local machine", { machine: machine.name, next: "`list` shows which there are." });
}

async function converge(target: Target, found: MachineRecord, request: CreateRequest): Promise<Created> {
  const { machine, place, say } = target;
  const timeoutMs = request.bootTimeoutMs ?? BOOT_TIMEOUT_MS;
  const record = sameSpec(found.spec, request) ? found : await takeSpec(target, found, request);
  const { cores, ...up } = isRunning(record) ? await alreadyUp(target, record, timeoutMs) : await powerOn(target, record, timeoutMs);
  const made = updateMachine(machine, up.record, { createId: request.createId });
  if (made.disk === null) throw new Error("a machine that runs has a disk");
  say(`${machine.name}: up on ${made.address}, ${coresText(cores)}`);
  return {
    name: machine.name,
    address: made.address,
    hostKey: made.disk.hostKey,
    createId: request.createId,
    diskId: made.disk.id,
    user: "root",
    privateKeyFile: place.privateKeyFile,
    cores,
  };
}

/** Stops the machine, and records another spec for its next boot: a record never claims what doesn't run yet. */
async function takeSpec({ machine, say }: Target, record: MachineRecord, wanted: MachineSpec): Promise<MachineRecord> {
  if (isRunning(record)) say(`${machine.name}: shutting down, as it is to change`);
  const stopped = await shutDown(machine, record);
  if (record.spec.image === wanted.image) return updateMachine(machine, stopped, { spec: specOf(wanted) });
  say(`${machine.name}: ${debian[wanted.image].title} instead of ${debian[record.spec.image].title}, its disk is made anew`);
  return updateMachine(machine, await loseDisk(machine, stopped), { spec: specOf(wanted) });
}

interface Up {
  record: MachineRecord;
  cores: number;
}

async function alreadyUp({ place, machine }: Target, record: MachineRecord, timeoutMs: number): Promise<Up> {
  return { record, cores: (await waitUntilUp(place, machine, record, timeoutMs)).cores };
}

async function powerOn(target: Target, off: MachineRecord, timeoutMs: number): Promise<Up> {
  const { place, machine, say } = target;
  const stopped = await cutPower(machine, off);
  const withDisk = await ensureDisk(place, machine, stopped, say);
  const wired = await withLock(place.root, () => wire(place, machine, withDisk));
  say(`${machine.name}: booting ${debian[wired.spec.image].title} on ${wired.address}, ${coresText(wired.spec.cores)}`);
  const record = await launch(machine, wired);
  const { cores, degraded } = await waitUntilUp(place, machine, record, timeoutMs);
  if (degraded) say(`${machine.name}: some units failed; \`systemctl --failed\` there tells which`);
  if (record.cpus !== null && record.cpus.length !== cores) {
    throw new FleetError(`it has ${cores} cores instead of ${record.cpus.length}`, { machine: machine.name });
  }
  return { record, cores };
}

/** Under the root's lock: the bridge is everybody's, and CPUs are shared out. */
async function wire(place: Place, machine: MachinePlace, record: MachineRecord): Promise<MachineRecord> {
  const world = await ensureWorld(place);
  await ensureBridge(place, world);
  const cpus = chooseCpus(record.spec.cores, availableCpus(), cpusOfOthers(place, machine.name));
  const placed = updateMachine(machine, record, { cpus });
  await connect(place, placed);
  return placed;
}

function coresText(cores: Cores): string {
  return cores === "all" ? "all cores" : cores === 1 ? "1 core" : `${cores} cores`;
}

function targetOf(world: string, name: string, say: Say): Target {
  requireLocalMachines(here(false));
  const place = placeOf(world);
  return { place, machine: machinePlace(place, name), say };
}

/** Boots a machine that is off from its disk, with other cores if they are given. For tests of reboots. */
export async function bootMachine(world: string, name: string, cores: Cores | undefined, say: Say): Promise<void> {
  const target = targetOf(world, name, say);
  known(target.machine);
  await withMachine(target, async (record) => {
    const spec = { ...record.spec, cores: cores ?? record.spec.cores };
    const ready = sameSpec(spec, record.spec) ? record : await takeSpec(target, record, spec);
    if (!isRunning(ready)) await powerOn(target, ready, BOOT_TIMEOUT_MS);
  });
}

/** Stops a machine as a cut cable does. Its disk stays. */
export async function killMachine(world: string, name: string, say: Say): Promise<void> {
  const target = targetOf(world, name, say);
  known(target.machine);
  await withMachine(target, (record) => cutPower(target.machine, record));
}

/** Stops a machine and deletes its disk. */
export async function loseMachine(world: string, name: string, say: Say): Promise<void> {
  const target = targetOf(world, name, say);
  known(target.machine);
  await withMachine(target, async (record) => loseDisk(target.machine, await cutPower(target.machine, record)));
}
