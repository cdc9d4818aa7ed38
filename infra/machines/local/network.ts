/** One bridge a world, in the root namespace, so that the person's own shell reaches the machines; no way out for them. */
import { existsSync } from "node:fs";
import { FleetError } from "../../errors.ts";
import type { MachinePlace, Place } from "./place.ts";
import type { MachineRecord, WorldRecord } from "./registry.ts";
import { run } from "./run.ts";
import { addressOf, takenSubnets } from "./subnet.ts";

export function linkExists(name: string): boolean {
  return existsSync(`/sys/class/net/${name}`);
}

export function netnsExists(name: string): boolean {
  return existsSync(`/run/netns/${name}`);
}

/** Subnets that some link of this computer has, or a route leads to. */
export async function subnetsInUse(): Promise<Set<number>> {
  const addresses = JSON.parse(await run("ip", ["-j", "-4", "addr"])) as {
    addr_info: { local: string; prefixlen: number }[];
  }[];
  const routes = JSON.parse(await run("ip", ["-j", "-4", "route", "show", "table", "all"])) as { dst: string }[];
  return takenSubnets([
    ...addresses.flatMap(({ addr_info }) => addr_info.map(({ local, prefixlen }) => `${local}/${prefixlen}`)),
    ...routes.map(({ dst }) => dst),
  ]);
}

/**
 * A fixed hardware address of the local range. A fresh cable has a random one, and so has a bridge whose ports change:
 * the neighbours would go on sending to the old one for half a minute and more.
 */
export function hardwareAddress(key: string, host: number): string {
  return ["02", ...(key.match(/../g) ?? []), host.toString(16).padStart(2, "0")].join(":");
}

/** Lines for `ip -batch`. */
export function bridgeCommands(key: string, record: Pick<WorldRecord, "bridge" | "subnet">): string[] {
  return [
    `link add ${record.bridge} address ${hardwareAddress(key, 1)} type bridge`,
    `addr add ${addressOf(record.subnet, 1)}/24 dev ${record.bridge}`,
    `link set ${record.bridge} up`,
  ];
}

/** Lines for `ip -batch` in the root namespace, and those for the machine's own. */
export function cableCommands(
  place: Pick<Place, "key" | "bridge">,
  record: Pick<MachineRecord, "link" | "netns" | "address" | "host">,
): { root: string[]; inside: string[] } {
  return {
    root: [
      `link add ${record.link} type veth peer name host0 address ${hardwareAddress(place.key, record.host)} netns ${record.netns}`,
      `link set ${record.link} master ${place.bridge} up`,
    ],
    inside: ["link set lo up", `addr add ${record.address}/24 dev host0`, "link set host0 up"],
  };
}

async function batch(lines: readonly string[], netns?: string): Promise<void> {
  const where = netns === undefined ? [] : ["-n", netns];
  await run("ip", [...where, "-batch", "-"], { input: `${lines.join("\n")}\n` });
}

/** Call under the root's lock. */
export async function ensureBridge(place: Place, world: WorldRecord): Promise<void> {
  if (linkExists(world.bridge)) return batch([`link set ${world.bridge} up`]);
  if ((await subnetsInUse()).has(world.subnet)) {
    throw new FleetError(`the network of the local machines (10.213.${world.subnet}.0/24) is now used by something else`, {
      kept: "the machines' disks",
      next: `Free it (\`ip addr\` shows by what it is used), or remove this world: \`down --world ${place.world}\`.`,
    });
  }
  await batch(bridgeCommands(place.key, world));
}

/** A fresh namespace and cable: what a crash left half-made is not mended but replaced. Call under the root's lock. */
export async function connect(place: Place, record: MachineRecord): Promise<void> {
  await disconnect(record);
  await run("ip", ["netns", "add", record.netns]);
  const commands = cableCommands(place, record);
  await batch(commands.root);
  await batch(commands.inside, record.netns);
}

async function disconnect(record: Pick<MachineRecord, "link" | "netns">): Promise<void> {
  await removeLink(record.link);
  await removeNetns(record.netns);
}

export async function removeLink(name: string): Promise<void> {
  if (!linkExists(name)) return;
  try {
    await run("ip", ["link", "del", name]);
  } catch (error) {
    // It goes by itself, a little later, when the namespace with its other end goes.
    if (linkExists(name)) throw error;
  }
}

export async function removeNetns(name: string): Promise<void> {
  if (netnsExists(name)) await run("ip", ["netns", "del", name]);
}

/** nspawn doesn't unmount what it shares with a machine of this name; it has one folder each below these. */
export function nspawnFolders(machine: Pick<MachinePlace, "nspawnName">): string[] {
  return ["propagate", "unix-export"].map((kind) => `/run/systemd/nspawn/${kind}/${machine.nspawnName}`);
}
