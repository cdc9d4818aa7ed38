/** Records in Route 53: each of the fleet's domains leads to all of its machines. */
import { getZoneOutput } from "@pulumi/aws/route53/getZone.js";
import { Record } from "@pulumi/aws/route53/record.js";
import type * as pulumi from "@pulumi/pulumi";

export interface DnsArgs {
  zone: string;
  ttlSeconds: number;
}

/** Where the domains lead to. */
export interface Targets {
  domains: readonly string[];
  addresses: pulumi.Input<string>[];
}

export function addressRecords(parent: pulumi.Resource, fleet: string, dns: DnsArgs, { domains, addresses }: Targets): void {
  const zone = getZoneOutput({ name: dns.zone, privateZone: false }, { parent });
  for (const name of new Set(domains)) {
    new Record(`${fleet}-${name}`, { zoneId: zone.zoneId, name, type: "A", ttl: dns.ttlSeconds, records: addresses }, { parent });
  }
}
