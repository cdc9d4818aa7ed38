/** Machines that a test makes itself, and reaches as one does rented servers: by address, login and pinned host key. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { unmountBelow } from "../../infra/machines/local/disk.ts";
import { machinePlace, placeOf } from "../../infra/machines/local/place.ts";
import { cutPower } from "../../infra/machines/local/nspawn.ts";
import { readMachine, updateMachine } from "../../infra/machines/local/registry.ts";
import type { Created, MachineSpec, Suite } from "../../infra/machines/local/spec.ts";
import { type LocalMachines, localMachinesIn } from "../infra/machines/local/main.ts";

const run = promisify(execFile);

/** An entry of `machines.hosts`, or the keys of a bastion. */
export interface Login {
  address: string;
  hostKey: string;
  privateKeyFile: string;
  port?: number;
  user?: string;
}

type Size = Pick<MachineSpec, "cores" | "cpuQuota">;

export class Hosts {
  readonly #machines: LocalMachines;
  readonly #made = new Map<string, Created>();

  /** @param purpose names the world, together with this process */
  constructor(purpose: string) {
    this.#machines = localMachinesIn(`${purpose}-${process.pid}`);
  }

  /**
   * Makes a machine; one that is off is booted.
   *
   * @param bootTimeoutMs how long all that it starts may take
   * @param size what it has of this computer's CPUs
   */
  async make(name: string, image: Suite = "trixie", bootTimeoutMs?: number, size: Size = { cores: 1 }): Promise<Login> {
    this.#made.set(name, await this.#machines.create({ name, image, ...size, ...(bootTimeoutMs === undefined ? {} : { bootTimeoutMs }) }));
    return this.login(name);
  }

  login(name: string): Login {
    const { address, hostKey, privateKeyFile } = this.#known(name);
    return { address, hostKey, privateKeyFile };
  }

  /** Runs a shell script on the machine as root, past everything that is tested. @throws with what it said */
  async sh(name: string, script: string): Promise<string> {
    const { address, privateKeyFile } = this.#known(name);
    const options = {
      BatchMode: "yes",
      StrictHostKeyChecking: "no",
      UserKnownHostsFile: "/dev/null",
      LogLevel: "ERROR",
      IdentityFile: privateKeyFile,
    };
    const words = Object.entries(options).flatMap(([key, value]) => ["-o", `${key}=${value}`]);
    const { stdout } = await run("ssh", ["-F", "none", ...words, `root@${address}`, script]);
    return stdout.trim();
  }

  /** The folder on this computer that holds what the machine's disk has beside its image. */
  disk(name: string): string {
    return machinePlace(placeOf(this.#machines.world, this.#machines.root), name).upper;
  }

  /** All that the machine has written to its console. */
  console(name: string): string {
    return readFileSync(machinePlace(placeOf(this.#machines.world, this.#machines.root), name).console, "utf8");
  }

  /** This computer's end of the machine's network cable. */
  link(name: string): string {
    const record = readMachine(machinePlace(placeOf(this.#machines.world, this.#machines.root), name));
    if (record === undefined) throw new Error(`${name} has no cable`);
    return record.link;
  }

  /** Cuts its power; from the next boot on its disk is on another image, which has what its own has and more. */
  async changeImage(name: string, image: string): Promise<void> {
    await this.cutPower(name);
    const machine = machinePlace(placeOf(this.#machines.world, this.#machines.root), name);
    const record = readMachine(machine);
    if (record?.disk === undefined || record.disk === null) throw new Error(`${name} has no disk`);
    await unmountBelow(machine.folder);
    updateMachine(machine, record, { disk: { ...record.disk, image } });
  }

  /** The names that a neighbour of the machines needs, so that it is removed with them. */
  neighbourhood(): { bridge: string; prefix: string } {
    return placeOf(this.#machines.world, this.#machines.root);
  }

  /** At once: everything of it is killed, by this process. */
  async cutPower(name: string): Promise<void> {
    const machine = machinePlace(placeOf(this.#machines.world, this.#machines.root), name);
    const record = readMachine(machine);
    if (record !== undefined) await cutPower(machine, record);
  }

  /** As a cut power cable does. */
  kill(name: string): Promise<void> {
    return this.#command("kill", name);
  }

  boot(name: string): Promise<void> {
    return this.#command("boot", name);
  }

  /** An empty machine in the place of the one of that name: another disk, another host key. */
  async rebuild(name: string, image: "trixie" | "bookworm" = "trixie"): Promise<Login> {
    const request = { world: this.#machines.world, name, image, cores: 1, createId: "first" };
    const { code, stderr } = await this.#machines.run(["destroy"], request);
    if (code !== 0) throw new Error(`destroy ${name} failed:\n${stderr}`);
    return this.make(name, image);
  }

  /** Removes all machines. */
  close(): void {
    this.#machines.close();
  }

  async #command(subcommand: string, name: string): Promise<void> {
    const { code, stderr } = await this.#machines.run([subcommand, "--world", this.#machines.world, "--name", name]);
    if (code !== 0) throw new Error(`${subcommand} ${name} failed:\n${stderr}`);
  }

  #known(name: string): Created {
    const machine = this.#made.get(name);
    if (machine === undefined) throw new Error(`no machine ${name} was made`);
    return machine;
  }
}
