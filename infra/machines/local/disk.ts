/** A machine's disk: an overlay on the base image, made once and kept until the machine is destroyed. */
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FleetError } from "../../errors.ts";
import { ensureImage } from "./image.ts";
import { mountsBelow } from "./mounts.ts";
import type { MachinePlace, Place } from "./place.ts";
import { type MachineRecord, updateMachine } from "./registry.ts";
import { run } from "./run.ts";
import type { Say } from "./spec.ts";

/** Makes the disk if there is none, it is half-made or its image has gone; mounts it if it isn't. Call under the machine's lock. */
export async function ensureDisk(place: Place, machine: MachinePlace, record: MachineRecord, say: Say): Promise<MachineRecord> {
  if (isWhole(machine, record.disk)) {
    await mountDisk(machine, record.disk.image);
    return record;
  }
  if (record.disk !== null) say(`${machine.name}: its disk is gone, making a new one`);
  const image = await ensureImage(record.spec.image, say);
  const emptied = await loseDisk(machine, record);
  await mountDisk(machine, image);
  const disk = { id: randomBytes(16).toString("hex"), hostKey: await makeHostKey(machine.root), image };
  personalise(place, machine, record, disk.id);
  return updateMachine(machine, emptied, { disk });
}

type Disk = NonNullable<MachineRecord["disk"]>;

/** Whether there is a disk to boot from. */
export function isWhole(machine: MachinePlace, disk: MachineRecord["disk"]): disk is Disk {
  return disk !== null && existsSync(machine.upper) && existsSync(disk.image);
}

/** Deletes all that the machine has written. */
export async function loseDisk(machine: MachinePlace, record: MachineRecord): Promise<MachineRecord> {
  const changed = updateMachine(machine, record, { disk: null });
  await unmountBelow(machine.folder);
  for (const folder of [machine.upper, machine.work]) rmSync(folder, { recursive: true, force: true });
  return changed;
}

export async function unmountBelow(folder: string): Promise<void> {
  for (const target of mountsBelow(folder)) {
    const { dev, ino } = statSync(target);
    // Somebody's shell may stand in there: detaching is enough for the folder to be removed.
    await run("umount", [target]).catch(() => run("umount", ["--lazy", target]));
    // A killed nspawn leaves the file that it locks the folder by.
    rmSync(`/run/systemd/nspawn/locks/inode-${dev}:${ino}`, { force: true });
  }
}

async function mountDisk(machine: MachinePlace, image: string): Promise<void> {
  if (mountsBelow(machine.root).length > 0) return;
  for (const folder of [machine.upper, machine.work, machine.root]) mkdirSync(folder, { recursive: true, mode: 0o755 });
  // `upper` lends its mode to the machine's `/`; nothing else is masked by the umask.
  chmodSync(machine.upper, 0o755);
  try {
    await run("mount", ["-t", "overlay", "overlay", "-o", overlayOptions(image, machine), machine.root]);
  } catch (error) {
    if (!(error instanceof FleetError)) throw error;
    throw new FleetError("its disk can't be mounted", {
      machine: machine.name,
      log: error.log,
      next: "The folder of local machines must be on a file system that overlays can be made on (ext4, xfs, btrfs): set FLEETWRIGHT_LOCAL_ROOT to one.",
    });
  }
}

/** Colons and commas separate, so in paths they are escaped (mount(8), "overlay"). */
export function overlayOptions(image: string, machine: Pick<MachinePlace, "upper" | "work">): string {
  const escaped = (path: string) => path.replace(/[\\:,]/g, "\\$&");
  return `lowerdir=${escaped(image)},upperdir=${escaped(machine.upper)},workdir=${escaped(machine.work)}`;
}

async function makeHostKey(root: string): Promise<string> {
  const path = join(root, "etc/ssh/ssh_host_ed25519_key");
  await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", path]);
  return publicKey(`${path}.pub`);
}

/** Type and key without the comment. */
function publicKey(path: string): string {
  return readFileSync(path, "utf8").trim().split(" ").slice(0, 2).join(" ");
}

function personalise(place: Place, machine: MachinePlace, record: MachineRecord, machineId: string): void {
  const write = (path: string, text: string, mode = 0o644) => writeFileSync(join(machine.root, path), text, { mode });
  write("etc/machine-id", `${machineId}\n`);
  write("etc/hostname", `${machine.name}\n`);
  write("etc/hosts", `127.0.0.1 localhost\n::1 localhost\n${record.address} ${machine.name}\n`);
  write("root/.ssh/authorized_keys", readFileSync(`${place.privateKeyFile}.pub`, "utf8"), 0o600);
}
