/** What must fit together in a fleet on EC2: AWS would refuse it late, or take it and surprise. Pure. */
import { at, type Finding, when } from "../finding.ts";
import { accessFindings } from "./access-rules.ts";
import { type DeliveryKeys, deliveryFindings } from "./delivery-rules.ts";
import { architectureOf, isInstanceType } from "./instance-type.ts";
import { type NetworkKeys, networkFindings } from "./network-rules.ts";
import { tagFindings } from "./tag-rules.ts";

export interface InstanceKeys {
  name: string;
  type: string;
  zone?: string | undefined;
  image?: string | undefined;
  debian?: 12 | 13 | undefined;
}

export interface Ec2Keys extends DeliveryKeys {
  network: NetworkKeys;
  instances: readonly InstanceKeys[];
  images: { x64?: string | undefined; arm64?: string | undefined };
  ssh?: { from: readonly string[]; through?: string | undefined; bastion?: unknown } | undefined;
  alarms?: { topic?: unknown; email?: string | undefined } | undefined;
  access: "public" | "private";
  clients: readonly string[];
  elasticIps: boolean;
  dns?: { zone: string; failover?: "primary" | "secondary" | undefined } | undefined;
  tags: Readonly<Record<string, string>>;
}

export function ec2Findings(machines: Ec2Keys): Finding[] {
  return [
    ...networkFindings(machines.network),
    ...nameFindings(machines.instances),
    ...zoneFindings(machines),
    ...imageFindings(machines),
    ...accessFindings(machines),
    ...elasticIpFindings(machines),
    ...failoverFindings(machines),
    ...deliveryFindings(machines),
    ...sshFindings(machines),
    ...alarmFindings(machines.alarms),
    ...tagFindings(machines.tags),
  ];
}

const MOVING = "a machine that stops and starts gets another address";

function nameFindings(instances: readonly InstanceKeys[]): Finding[] {
  const seen = new Map<string, number>();
  return instances.flatMap(({ name }, index) => {
    const first = seen.get(name);
    if (first === undefined) seen.set(name, index);
    if (first === undefined) return [];
    return [at(`instances.${index}.name`, `"${name}" is the name of machine ${first} already; give each a name of its own`)];
  });
}

function zoneFindings({ instances, network }: Ec2Keys): Finding[] {
  const zones = Object.keys(network.subnets);
  if (zones.length === 0) return [];
  return instances.flatMap(({ zone }, index) => {
    const key = `instances.${index}.zone`;
    if (zone === undefined && zones.length > 1) return [at(key, `missing; there are several zones: ${zones.join(", ")}`)];
    if (zone === undefined || zones.includes(zone)) return [];
    return [at(key, `is "${zone}", which has no subnet; give it one in "network.subnets", or use ${zones.join(", ")}`)];
  });
}

function imageFindings({ instances, images }: Ec2Keys): Finding[] {
  const kinds = instances.map(({ type }) => architectureOf(type));
  const unusable = instances.flatMap(({ type }, index) => {
    if (kinds[index] !== undefined || !isInstanceType(type)) return [];
    return [at(`instances.${index}.type`, `is "${type}", which can't run Debian`)];
  });
  const missing = (["x64", "arm64"] as const).flatMap((arch) => {
    const index = instances.findIndex(({ image }, at) => image === undefined && kinds[at] === arch);
    if (index === -1 || images[arch] !== undefined) return [];
    const needs = `"${instances[index]?.name}" (${instances[index]?.type})`;
    return [at(`images.${arch}`, `missing; ${needs} needs the id of a Debian 13 or 12 image for ${arch}`)];
  });
  const same = images.x64 !== undefined && images.x64 === images.arm64;
  return [...unusable, ...missing, ...(same ? [at("images.arm64", "is the image for x64, too; an image is for one architecture")] : [])];
}

function elasticIpFindings({ access, elasticIps, dns }: Ec2Keys): Finding[] {
  const isPublic = access === "public";
  return [
    ...when(!isPublic && elasticIps, "elasticIps", 'is for "access: public"; remove it'),
    ...when(isPublic && dns !== undefined && !elasticIps, "elasticIps", `must be true with "dns": ${MOVING}`),
  ];
}

/** Of one calculated check (Route 53 guide, "Quotas"). */
const CHECKED_MACHINES = 255;

/** Route 53's health checkers ask from the internet (Route 53 guide, "How Route 53 determines whether a health check is healthy"). */
function failoverFindings({ access, dns, instances }: Ec2Keys): Finding[] {
  if (dns?.failover === undefined) return [];
  const closed = 'needs "access: public": private machines can\'t be asked from outside whether they are well; remove it';
  const many = `asks each machine from outside, ${CHECKED_MACHINES} at most, and there are ${instances.length}; make several fleets`;
  return [...when(access === "private", "dns.failover", closed), ...when(instances.length > CHECKED_MACHINES, "dns.failover", many)];
}

const ONE = "remove one of them";

function sshFindings({ ssh, network }: Ec2Keys): Finding[] {
  if (ssh === undefined) return [];
  const { from, through, bastion } = ssh;
  const open = from.flatMap((range, index) =>
    range.endsWith("/0") ? [at(`ssh.from.${index}`, "is the whole internet; give the ranges that you come from")] : [],
  );
  const none = 'is missing; give the ranges that you, or your bastion, come from, or "ssh.through: instance-connect"';
  const endpoint = "is missing; give the range that the VPC's own Instance Connect Endpoint is in";
  const own = network.vpc === undefined;
  return [
    ...open,
    ...when(through === undefined && from.length === 0, "ssh.from", none),
    ...when(through !== undefined && !own && from.length === 0, "ssh.from", endpoint),
    ...when(through !== undefined && own && from.length > 0, "ssh.from", `has no use with "through": port 22 is closed; ${ONE}`),
    ...when(through !== undefined && bastion !== undefined, "ssh.bastion", `goes another way than "through"; ${ONE}`),
  ];
}

function alarmFindings(alarms: Ec2Keys["alarms"]): Finding[] {
  if (alarms === undefined) return [];
  const { topic, email } = alarms;
  return [
    ...when(topic === undefined && email === undefined, "alarms", 'tell nobody; give "topic" or "email"'),
    ...when(topic !== undefined && email !== undefined, "alarms.email", 'is for a topic of the fleet\'s own; remove it, or "topic"'),
  ];
}
