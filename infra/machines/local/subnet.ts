/** Which addresses a world and its machines get. */
import { FleetError } from "../../errors.ts";

/** The world's networks are 10.213.1.0/24 to 10.213.254.0/24. */
const FIRST = 1;
const COUNT = 254;
/** Machines have .11 to .250; .1 is the bridge. */
const FIRST_HOST = 11;
const LAST_HOST = 250;

/** The third numbers of 10.213.N.0/24 that overlap any of these prefixes (`10.213.7.1/24`, as addresses or routes have them). */
export function takenSubnets(prefixes: readonly string[]): Set<number> {
  const taken = new Set<number>();
  for (const prefix of prefixes) {
    const match = /^10\.213\.(\d+)\.\d+(?:\/(\d+))?$/.exec(prefix);
    const bits = Number(match?.[2] ?? 32);
    // A wider route (a VPN's 10.0.0.0/8) covers all of them alike, and our more specific one wins.
    if (match === null || bits <= 16) continue;
    const size = bits >= 24 ? 1 : 2 ** (24 - bits);
    const first = Math.floor(Number(match[1]) / size) * size;
    for (let subnet = first; subnet < first + size; subnet++) taken.add(subnet);
  }
  return taken;
}

/**
 * A free subnet. The search starts at a number drawn from the world's key: the same world tends to get the same addresses.
 * @throws FleetError when all are taken
 */
export function chooseSubnet(taken: ReadonlySet<number>, key: string): number {
  const start = Number.parseInt(key, 16) % COUNT;
  for (let step = 0; step < COUNT; step++) {
    const subnet = FIRST + ((start + step) % COUNT);
    if (!taken.has(subnet)) return subnet;
  }
  throw new FleetError("no network is free for local machines: 10.213.1.0/24 to 10.213.254.0/24 are all in use", {
    next: "`ip addr` shows by what; take down the fleets that you no longer need.",
  });
}

/**
 * The lowest free last number of an address.
 * @throws FleetError when the world is full
 */
export function chooseHost(taken: ReadonlySet<number>): number {
  for (let host = FIRST_HOST; host <= LAST_HOST; host++) if (!taken.has(host)) return host;
  throw new FleetError(`a local network holds ${LAST_HOST - FIRST_HOST + 1} machines, and this one is full`);
}

export function addressOf(subnet: number, host: number): string {
  return `10.213.${subnet}.${host}`;
}
