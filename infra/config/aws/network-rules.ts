/** What AWS would refuse about a network, found before anything is made. Pure. */
import type { Finding } from "../finding.ts";
import { type Cidr, contains, overlap, parseCidr } from "./cidr.ts";

/** The range of a fleet's own VPC, unless it is given. */
export const DEFAULT_VPC_CIDR = "10.80.0.0/16";

export interface NetworkKeys {
  vpc?: unknown;
  cidr?: string | undefined;
  subnets: Readonly<Record<string, unknown>>;
}

export function networkFindings(network: NetworkKeys): Finding[] {
  const zones = Object.keys(network.subnets);
  if (zones.length === 0) return [at("subnets", 'is empty; give one for each zone, for example {eu-central-1a: "10.80.0.0/24"}')];
  return [...regionFindings(zones), ...(network.vpc === undefined ? ownFindings(network) : existingFindings(network))];
}

/** The region of a zone: `eu-central-1` of `eu-central-1a`. */
export function regionOf(zone: string): string {
  return zone.slice(0, -1);
}

/** The region that a network is in. */
export function regionOfNetwork({ subnets }: Pick<NetworkKeys, "subnets">): string {
  return regionOf(Object.keys(subnets)[0] ?? "");
}

function regionFindings(zones: readonly string[]): Finding[] {
  const [first = "", ...others] = zones;
  return others
    .filter((zone) => regionOf(zone) !== regionOf(first))
    .map((zone) => at(`subnets/${zone}`, `is in another region than ${first}; a fleet is in one: make another there`));
}

function existingFindings({ cidr, subnets }: NetworkKeys): Finding[] {
  const range = cidr === undefined ? [] : [at("cidr", 'is for a VPC of the fleet\'s own; remove it, or remove "vpc"')];
  const notIds = Object.entries(subnets).filter(([, id]) => typeof id === "string" && !/^subnet-[0-9a-f]+$/.test(id));
  return [...range, ...notIds.map(([zone]) => at(`subnets/${zone}`, 'must be a subnet of the VPC: "subnet-0123456789abcdef0"'))];
}

function ownFindings({ cidr = DEFAULT_VPC_CIDR, subnets }: NetworkKeys): Finding[] {
  const vpc = parseCidr(cidr);
  if (vpc === undefined) return [];
  if (!allowed(vpc)) return [at("cidr", `is ${cidr}; AWS allows /16 to /28`)];
  const read = Object.entries(subnets).map(([zone, given]) => ({ zone, text: textOf(given), range: readRange(given) }));
  return read.flatMap(({ zone, text, range }, index) => {
    const key = `subnets/${zone}`;
    if (range === undefined) return [at(key, 'must be a range inside the VPC\'s, for example "10.80.0.0/24"')];
    if (!allowed(range)) return [at(key, `is ${text}; AWS allows /16 to /28`)];
    if (!contains(vpc, range)) return [at(key, `is ${text}, outside of the VPC's range (${cidr})`)];
    const twin = read.slice(0, index).find((other) => other.range !== undefined && overlap(other.range, range));
    return twin === undefined ? [] : [at(key, `is ${text}, which overlaps with ${twin.zone} (${twin.text})`)];
  });
}

const readRange = (range: unknown): Cidr | undefined => (typeof range === "string" ? parseCidr(range) : undefined);
/** Other rules find what is no text at all; some of it can't even be made one. */
const textOf = (given: unknown): string => (typeof given === "string" ? given : "");
const allowed = ({ prefix }: Cidr): boolean => prefix >= 16 && prefix <= 28;

/** Zones have dashes and no slashes. */
function at(key: string, message: string): Finding {
  return { path: ["network", ...key.split("/")], message };
}
