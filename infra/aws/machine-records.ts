/** Names that lead to machines; where two regions have them, to the first one that has a machine which is well. */
import { getZoneOutput } from "@pulumi/aws/route53/getZone.js";
import { HealthCheck } from "@pulumi/aws/route53/healthCheck.js";
import { Record } from "@pulumi/aws/route53/record.js";
import type * as pulumi from "@pulumi/pulumi";
import type { Ec2Config } from "../config/aws/ec2.ts";
import { namesOf } from "../config/https-names.ts";
import { machinesByName } from "./dns.ts";
import type { Serving } from "./ec2-resources.ts";
import { PROBE, routingOf } from "./failover.ts";
import { childOf, type Scope, tagsOf } from "./scope.ts";

interface Addressed {
  name: string;
  address: pulumi.Input<string>;
}

export function machineRecords(scope: Scope, dns: NonNullable<Ec2Config["dns"]>, serving: Serving, machines: readonly Addressed[]): void {
  const zone = getZoneOutput({ name: dns.zone, privateZone: false }, { parent: scope.parent });
  const { failover } = dns;
  const health = failover === undefined ? undefined : new Health(scope, serving, machines);
  for (const [name, its] of machinesByName(serving, machines)) {
    const leading = { zoneId: zone.zoneId, name, type: "A", ttl: dns.ttlSeconds, records: its.map(({ address }) => address) };
    const way = failover === undefined || health === undefined ? {} : { ...routingOf(scope, failover), healthCheckId: health.of(its) };
    new Record(`${scope.fleet}-${name}`, { ...leading, ...way }, childOf(scope));
  }
}

/** A check for each machine, and one that says whether any of them is well. */
class Health {
  readonly #checks: ReadonlyMap<string, HealthCheck>;
  readonly #any: HealthCheck | undefined;

  constructor(scope: Scope, serving: Serving, machines: readonly Addressed[]) {
    this.#checks = new Map(machines.map((machine) => [machine.name, machineCheck(scope, serving, machine)]));
    this.#any = this.#checks.size > 1 ? anyCheck(scope, [...this.#checks.values()]) : undefined;
  }

  /** A name is one machine's, or all machines'. */
  of(its: readonly Addressed[]): pulumi.Output<string> | undefined {
    const check = its.length === 1 || this.#any === undefined ? this.#checks.get(its[0]?.name ?? "") : this.#any;
    return check?.id;
  }
}

/** At its own address, by a name that it serves: asked for by the name alone, whichever region answers now would do. */
function machineCheck(scope: Scope, serving: Serving, { name, address }: Addressed): HealthCheck {
  const { mode, httpPort, httpsPort, healthPath = "/" } = serving;
  const resource = `${scope.fleet}-${name}-from-outside`;
  const way = mode === "none" ? { type: "HTTP", port: httpPort } : { type: "HTTPS", port: httpsPort, enableSni: true };
  const asked = { ...way, ipAddress: address, fqdn: namesOf(serving, name).domains[0], resourcePath: healthPath };
  return new HealthCheck(resource, { ...asked, ...PROBE, tags: tagsOf(scope, resource) }, childOf(scope));
}

function anyCheck(scope: Scope, checks: readonly HealthCheck[]): HealthCheck {
  const resource = `${scope.fleet}-any-from-outside`;
  const of = { type: "CALCULATED", childHealthchecks: checks.map(({ id }) => id), childHealthThreshold: 1 };
  return new HealthCheck(resource, { ...of, tags: tagsOf(scope, resource) }, childOf(scope));
}
