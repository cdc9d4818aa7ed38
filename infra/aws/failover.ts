/** Names that lead to the balancer; where two regions have them, to the first one that is well. */
import { HealthCheck } from "@pulumi/aws/route53/healthCheck.js";
import { Record } from "@pulumi/aws/route53/record.js";
import * as pulumi from "@pulumi/pulumi";
import type { Failover } from "../config/aws/failover.ts";
import type { Balancer } from "./balancer.ts";
import { childOf, type Scope, tagsOf } from "./scope.ts";

export interface NamesArgs {
  zoneId: pulumi.Input<string>;
  names: readonly string[];
  balancer: Balancer;
  /** @default the names lead here, whatever happens */
  failover: Failover | undefined;
  /** What is asked from outside. */
  healthPath: string;
}

/** A route that is gone for half a minute is gone. Clients have the old address for another 60 s, an alias's TTL. */
export const PROBE = { requestInterval: 10, failureThreshold: 3 };

export function balancerRecords(scope: Scope, args: NamesArgs): void {
  const { loadBalancer } = args.balancer;
  // Of the second region this says, too, that it has no machines yet.
  const target = { name: loadBalancer.dnsName, zoneId: loadBalancer.zoneId, evaluateTargetHealth: true };
  const way = args.failover === undefined ? {} : failoverOf(scope, args.failover, args);
  for (const name of args.names) {
    new Record(`${scope.fleet}-${name}`, { zoneId: args.zoneId, name, type: "A", aliases: [target], ...way }, childOf(scope));
  }
}

/** What one of the two records of a name has that the other hasn't. */
export function routingOf({ fleet }: Scope, failover: Failover) {
  return {
    setIdentifier: `${pulumi.getProject()}/${pulumi.getStack()}/${fleet}`,
    failoverRoutingPolicies: [{ type: failover === "primary" ? "PRIMARY" : "SECONDARY" }],
  };
}

function failoverOf(scope: Scope, failover: Failover, args: NamesArgs) {
  const routing = routingOf(scope, failover);
  // The second needs none: with both unwell, Route 53 leads to the first.
  return failover === "primary" ? { ...routing, healthCheckId: healthCheck(scope, args).id } : routing;
}

/** By the balancer's own name: by the fleet's it would ask whichever region answers now. */
function healthCheck(scope: Scope, { balancer, healthPath }: NamesArgs): HealthCheck {
  const name = `${scope.fleet}-from-outside`;
  const asked = { type: "HTTPS", port: 443, enableSni: true, fqdn: balancer.loadBalancer.dnsName, resourcePath: healthPath };
  return new HealthCheck(name, { ...asked, ...PROBE, tags: tagsOf(scope, name) }, childOf(scope));
}
