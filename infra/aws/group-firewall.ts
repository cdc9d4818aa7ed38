/** Clients reach the balancer, the balancer the machines, and nobody else does. */
import { SecurityGroup } from "@pulumi/aws/ec2/securityGroup.js";
import { SecurityGroupEgressRule } from "@pulumi/aws/vpc/securityGroupEgressRule.js";
import { SecurityGroupIngressRule } from "@pulumi/aws/vpc/securityGroupIngressRule.js";
import type * as pulumi from "@pulumi/pulumi";
import { firewall } from "./firewall.ts";
import { childOf, type Scope, tagsOf } from "./scope.ts";

export interface GroupFirewall {
  balancer: SecurityGroup;
  machines: SecurityGroup;
}

const HTTPS = { ipProtocol: "tcp", fromPort: 443, toPort: 443 };
const HTTP = { ipProtocol: "tcp", fromPort: 80, toPort: 80 };

/** @param clients ranges that may come to the balancer */
export function groupFirewall(scope: Scope, vpcId: pulumi.Input<string>, clients: readonly string[]): GroupFirewall {
  const { fleet } = scope;
  const name = `${fleet}-balancer`;
  const balancer = new SecurityGroup(name, { vpcId, description: `Balancer of ${fleet}`, tags: tagsOf(scope, name) }, childOf(scope));
  const machines = firewall(scope, vpcId, []);
  const tagged = (rule: string) => ({ tags: tagsOf(scope, rule) });
  for (const cidrIpv4 of new Set(clients)) {
    for (const [what, ports] of [["http", HTTP] as const, ["https", HTTPS] as const]) {
      const rule = `${fleet}-${what}-${cidrIpv4}`;
      new SecurityGroupIngressRule(rule, { securityGroupId: balancer.id, cidrIpv4, ...ports, ...tagged(rule) }, childOf(scope));
    }
  }
  const way = `${fleet}-to-machines`;
  const to = { securityGroupId: balancer.id, referencedSecurityGroupId: machines.id, ...HTTPS, ...tagged(way) };
  new SecurityGroupEgressRule(way, to, childOf(scope));
  const from = { securityGroupId: machines.id, referencedSecurityGroupId: balancer.id, ...HTTPS, ...tagged(way) };
  new SecurityGroupIngressRule(way, from, childOf(scope));
  return { balancer, machines };
}
