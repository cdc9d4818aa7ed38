/**
 * Where a world keeps its things and what they are called in the kernel.
 * All names follow from the root folder and the world, so that whatever a crash leaves can be found without any record.
 */
import { createHash } from "node:crypto";
import { join, resolve } from "node:path";

export interface Place {
  root: string;
  world: string;
  /** Eight hexadecimal digits: tells apart worlds of one name below different roots. */
  key: string;
  folder: string;
  record: string;
  /** Files named by the process that makes something just now. */
  makers: string;
  machines: string;
  privateKeyFile: string;
  bridge: string;
  /** Starts the names of the namespaces and links of the world's machines; the bridge's too, without the dash. */
  prefix: string;
  /** Relative to a cgroup hierarchy. */
  cgroup: string;
}

export interface MachinePlace {
  name: string;
  folder: string;
  record: string;
  upper: string;
  work: string;
  /** The overlay is mounted here: the machine's `/`. */
  root: string;
  console: string;
  knownHosts: string;
  netns: string;
  /** What nspawn calls the machine; inside, it is `name`. */
  nspawnName: string;
  cgroup: string;
  /** The launcher's own group: a group with controllers may not hold processes and groups at once. */
  launchCgroup: string;
}

/** The folder of all worlds: `$FLEETWRIGHT_LOCAL_ROOT`, else the system's. */
export function localRoot(): string {
  return resolve(process.env.FLEETWRIGHT_LOCAL_ROOT ?? "/var/lib/fleetwright/local");
}

export function placeOf(world: string, root: string = localRoot()): Place {
  const folder = join(root, world);
  const key = createHash("sha256").update(folder).digest("hex").slice(0, 8);
  return {
    root,
    world,
    key,
    folder,
    record: join(folder, "world.json"),
    makers: join(folder, "makers"),
    machines: join(folder, "machines"),
    privateKeyFile: join(folder, "ssh", "id_ed25519"),
    bridge: `fw${key}`,
    prefix: `fw${key}-`,
    cgroup: `fleetwright-${key}`,
  };
}

export function machinePlace(place: Place, name: string): MachinePlace {
  const folder = join(place.machines, name);
  return {
    name,
    folder,
    record: join(folder, "machine.json"),
    upper: join(folder, "upper"),
    work: join(folder, "work"),
    root: join(folder, "root"),
    console: join(folder, "console.log"),
    knownHosts: join(folder, "known_hosts"),
    netns: `${place.prefix}${name}`,
    nspawnName: `${place.prefix}${name}`,
    cgroup: join(place.cgroup, name),
    launchCgroup: join(place.cgroup, `${name}.launch`),
  };
}

/** The machine's end of the cable in the root namespace. At most 14 characters of the kernel's 15. */
export function linkName(place: Place, host: number): string {
  return `${place.prefix}${host}`;
}
