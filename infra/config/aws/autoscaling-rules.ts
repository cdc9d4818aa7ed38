/** What must fit together in a group of machines: AWS would refuse it late, or take it and surprise. Pure. */
import { at, type Finding, when } from "../finding.ts";
import { accessFindings } from "./access-rules.ts";
import { MACHINE } from "../https.ts";
import { architectureOf, isInstanceType } from "./instance-type.ts";
import { type NetworkKeys, networkFindings } from "./network-rules.ts";
import { type RegionKeys, regionFindings } from "./region-rules.ts";
import { tagFindings } from "./tag-rules.ts";

export interface AutoscalingKeys extends RegionKeys {
  types: readonly string[];
  capacity: { min: number; max: number; desired?: number | undefined };
  spot?: { base: number } | undefined;
  scaleInProtection: boolean;
  clients: readonly string[];
  certificate?: unknown;
  releases: "refresh" | "in-place";
  refresh: { minHealthyPercent: number; maxHealthyPercent: number; checkpoints: readonly number[] };
  inPlace?: unknown;
  tags: Readonly<Record<string, string>>;
}

export function autoscalingFindings(machines: AutoscalingKeys): Finding[] {
  return [
    ...networkFindings(machines.network),
    ...zoneFindings(machines.network),
    ...typeFindings(machines.types),
    ...capacityFindings(machines),
    ...accessFindings(machines),
    ...balancerFindings(machines),
    ...refreshFindings(machines.refresh),
    ...when(
      machines.inPlace !== undefined && machines.releases !== "in-place",
      "inPlace",
      'is for "releases: in-place", and here a release replaces the machines; remove it, or say so',
    ),
    ...regionFindings(machines),
    ...tagFindings(machines.tags),
  ];
}

/** AWS refuses an Application Load Balancer with fewer (ELB guide, "Application Load Balancers", "Availability Zones"). */
function zoneFindings({ subnets }: NetworkKeys): Finding[] {
  return Object.keys(subnets).length === 1 ? [at("network.subnets", "has one zone; the balancer needs subnets in two or more")] : [];
}

function typeFindings(types: readonly string[]): Finding[] {
  const first = types.find((type) => architectureOf(type) !== undefined);
  return types.flatMap((type, index) => {
    if (!isInstanceType(type)) return [];
    if (types.indexOf(type) < index) return [at(`types.${index}`, `is "${type}", which is in the list already`)];
    const arch = architectureOf(type);
    if (arch === undefined) return [at(`types.${index}`, `is "${type}", which can't run Debian`)];
    if (first === undefined || arch === architectureOf(first)) return [];
    const other = `"${first}" is ${architectureOf(first)}`;
    return [at(`types.${index}`, `is "${type}" (${arch}), and ${other}; a group has one image, for one architecture`)];
  });
}

function capacityFindings({ capacity: { min, max, desired }, spot, scaleInProtection }: AutoscalingKeys): Finding[] {
  const outside = desired !== undefined && min <= max && (desired < min || desired > max);
  return [
    ...when(min > max, "capacity.min", `is ${min}, more than "max" (${max}): make it ${max} or less`),
    ...when(outside, "capacity.desired", `is ${desired}, outside of what "min" and "max" allow (${min} to ${max})`),
    ...when(
      spot !== undefined && spot.base > max,
      "spot.base",
      `is ${spot?.base}, more than "capacity.max" (${max}): no machine would be spot`,
    ),
    ...when(
      spot !== undefined && scaleInProtection,
      "scaleInProtection",
      'can\'t be kept with "spot": AWS takes spot machines back whenever it needs them; remove one of the two',
    ),
  ];
}

function balancerFindings({ certificate, dns }: AutoscalingKeys): Finding[] {
  return when(
    certificate === undefined && dns === undefined,
    "certificate",
    'missing; give the ARN of one in AWS Certificate Manager, or "dns.zone", where one is proved by records',
  );
}

/** The limits are AWS's own (Auto Scaling API, "RefreshPreferences"). */
function refreshFindings({ minHealthyPercent: min, maxHealthyPercent: max, checkpoints }: AutoscalingKeys["refresh"]): Finding[] {
  const unordered = checkpoints.some((part, index) => index > 0 && part <= (checkpoints[index - 1] ?? 0));
  return [
    ...when(min === 100 && max === 100, "refresh.maxHealthyPercent", "is 100, like the least: no machine could be replaced; make it more"),
    ...when(max - min > 100, "refresh.maxHealthyPercent", `is ${max}, more than 100 above "minHealthyPercent" (${min})`),
    ...when(unordered, "refresh.checkpoints", "must rise, each above the one before"),
  ];
}

/** What of the whole fleet can't be done by a group. */
export interface GroupFleet {
  machines: { dns?: { zone: string; failover?: "primary" | "secondary" | undefined } | undefined };
  https: {
    mode: string;
    domains: readonly string[];
    redirects: readonly string[];
    httpPort: number;
    httpsPort: number;
  };
  app: { once: readonly unknown[]; health: { path?: string | undefined } };
  rollout: { skip: readonly string[]; maxUnreachable: number };
}

/** Paths begin at the fleet. */
export function groupFleetFindings({ machines, https, app, rollout }: GroupFleet): Finding[] {
  return [
    ...certificateFindings(https),
    ...nameFindings(machines.dns, https),
    ...when(
      machines.dns?.failover !== undefined && app.health.path === undefined,
      "app.health.path",
      'missing; "machines.dns.failover" asks it from outside, and leads clients to the other region unless it answers 200 to 399',
    ),
    ...when(
      app.once.length > 0,
      "app.once",
      "needs a rollout that picks one machine, and a group's machines start by themselves: run the step in your pipeline before this",
    ),
    ...when(rollout.skip.length > 0, "rollout.skip", "names machines, and those of a group have no lasting names; remove it"),
    ...when(rollout.maxUnreachable > 0, "rollout.maxUnreachable", "goes with machines that are pushed to; AWS replaces those of a group"),
  ];
}

function certificateFindings({ mode, httpPort, httpsPort }: GroupFleet["https"]): Finding[] {
  const why: Record<string, string> = {
    acme:
      "can't work in a group: the issuer's challenge reaches a machine by chance, not the one that ordered, and Let's Encrypt gives 5 " +
      'certificates for a set of names in a week. The balancer has the certificate; use "internal", for the way from it to the machines',
    own: 'is for machines that clients reach; import it into AWS Certificate Manager and give its ARN as "machines.certificate"',
    none: 'would leave the way from the balancer to the machines in plain; use "internal"',
  };
  const problem = why[mode];
  return [
    ...(problem === undefined ? [] : [at("https.mode", `"${mode}" ${problem}`)]),
    ...when(httpPort !== 80, "https.httpPort", `is ${httpPort}; a group is served at 80 and 443`),
    ...when(httpsPort !== 443, "https.httpsPort", `is ${httpsPort}; a group is served at 80 and 443`),
  ];
}

function nameFindings(dns: { zone: string } | undefined, { domains, redirects }: GroupFleet["https"]): Finding[] {
  const all = [
    ...domains.map((name, index) => ["domains", name, index] as const),
    ...redirects.map((name, index) => ["redirects", name, index] as const),
  ];
  const each = all.flatMap(([key, name, index]) => {
    if (name.includes(MACHINE)) return [at(`https.${key}.${index}`, `is "${name}"; machines of a group have no names of their own`)];
    if (dns === undefined || name === dns.zone || name.endsWith(`.${dns.zone}`)) return [];
    return [at(`https.${key}.${index}`, `is "${name}", which isn't in the hosted zone "${dns.zone}" ("machines.dns.zone")`)];
  });
  return domains.length === 0 ? [at("https.domains", "is empty; the balancer's certificate needs a name")] : each;
}
