/** Records in Route 53: each name leads to the machines that have it. */
import { getZoneOutput } from "@pulumi/aws/route53/getZone.js";
import { Record } from "@pulumi/aws/route53/record.js";
import type * as pulumi from "@pulumi/pulumi";
import type { HttpsConfig } from "../config/https.ts";
import { namesOf } from "../config/https-names.ts";
import { childOf, type Scope } from "./scope.ts";

export interface DnsArgs {
  zone: string;
  ttlSeconds: number;
}

export interface Addressed<T> {
  name: string;
  address: T;
}

export function addressRecords(scope: Scope, dns: DnsArgs, named: ReadonlyMap<string, pulumi.Input<string>[]>): void {
  const zone = getZoneOutput({ name: dns.zone, privateZone: false }, { parent: scope.parent });
  for (const [name, records] of named) {
    new Record(`${scope.fleet}-${name}`, { zoneId: zone.zoneId, name, type: "A", ttl: dns.ttlSeconds, records }, childOf(scope));
  }
}

/** Every name of the fleet, those that redirect too, with the addresses that answer for it. Pure. */
export function addressesByName<T>(https: Pick<HttpsConfig, "domains" | "redirects">, machines: readonly Addressed<T>[]): Map<string, T[]> {
  const pairs = machines.flatMap(({ name, address }) => {
    const { domains, redirects } = namesOf(https, name);
    return [...domains, ...redirects].map((domain) => ({ domain, address }));
  });
  const grouped = Map.groupBy(pairs, ({ domain }) => domain);
  return new Map([...grouped].map(([domain, all]) => [domain, all.map(({ address }) => address)]));
}
