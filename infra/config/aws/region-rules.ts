/** What must fit together where a fleet has a second region. Pure; what is an Output is looked at by AWS only. */
import { type Finding, when } from "../finding.ts";
import { type NetworkKeys, regionOf } from "./network-rules.ts";

export interface RegionKeys {
  network: NetworkKeys;
  access: "public" | "private";
  dns?: { zone: string; failover?: "primary" | "secondary" | undefined } | undefined;
  kmsKey?: unknown;
  key?: { multiRegion?: true | undefined; replicaOf?: unknown } | undefined;
  artifacts: { replicateTo?: { bucket: unknown; region: string; kmsKey?: unknown } | undefined };
}

export function regionFindings(machines: RegionKeys): Finding[] {
  const region = regionOf(Object.keys(machines.network.subnets)[0] ?? "");
  return [...failoverFindings(machines), ...keyFindings(machines, region), ...replicationFindings(machines, region)];
}

/** Route 53's health checkers ask from the internet (Route 53 guide, "How Route 53 determines whether a health check is healthy"). */
function failoverFindings({ dns, access }: RegionKeys): Finding[] {
  return when(
    dns?.failover !== undefined && access === "private",
    "dns.failover",
    'needs "access: public": a private balancer can\'t be asked from outside whether it is well; remove one of the two',
  );
}

function keyFindings({ key, kmsKey }: RegionKeys, region: string): Finding[] {
  if (key === undefined) return [];
  const { multiRegion, replicaOf } = key;
  const of = regionOfArn(replicaOf);
  return [
    ...when(kmsKey !== undefined, "key", 'is for a key of the fleet\'s own, and "kmsKey" names one that is there; remove one of the two'),
    ...when(multiRegion === undefined && replicaOf === undefined, "key", 'is empty; give "multiRegion: true" or "replicaOf"'),
    ...when(
      multiRegion !== undefined && replicaOf !== undefined,
      "key.replicaOf",
      'is for the second region, "multiRegion" for the first; remove one',
    ),
    ...when(of === region, "key.replicaOf", `is in ${region}, where this fleet is: give it as "kmsKey"; a replica is in another region`),
  ];
}

/** Versioning, which replication asks for, is always on in a bucket of a fleet's. */
function replicationFindings({ artifacts: { replicateTo: to }, key, kmsKey }: RegionKeys, region: string): Finding[] {
  if (to === undefined) return [];
  const encrypted = key !== undefined || kmsKey !== undefined;
  const keysRegion = regionOfArn(to.kmsKey);
  return [
    ...when(to.region === region, "artifacts.replicateTo.region", `is ${region}, where this fleet is: a copy there is lost with it`),
    ...when(
      encrypted && to.kmsKey === undefined,
      "artifacts.replicateTo.kmsKey",
      `missing; what this fleet's key encrypts is encrypted anew in ${to.region}, by a key there`,
    ),
    ...when(
      !encrypted && to.kmsKey !== undefined,
      "artifacts.replicateTo.kmsKey",
      'goes with a key of this fleet ("key" or "kmsKey"), and it has none; remove it',
    ),
    ...when(
      keysRegion !== undefined && keysRegion !== to.region,
      "artifacts.replicateTo.kmsKey",
      `is a key in ${keysRegion}, and the bucket is in ${to.region}: S3 takes one of its own region`,
    ),
  ];
}

/** Undefined for what isn't known yet. */
function regionOfArn(arn: unknown): string | undefined {
  return typeof arn === "string" ? arn.split(":")[3] : undefined;
}
