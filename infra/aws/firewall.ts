/** Who may connect to the machines. One rule a resource: rules inside a group and beside it undo each other. */
import { SecurityGroup } from "@pulumi/aws/ec2/securityGroup.js";
import { SecurityGroupEgressRule } from "@pulumi/aws/vpc/securityGroupEgressRule.js";
import { SecurityGroupIngressRule } from "@pulumi/aws/vpc/securityGroupIngressRule.js";
import type * as pulumi from "@pulumi/pulumi";
import { childOf, type Scope, tagsOf } from "./scope.ts";

/** One port, open to some ranges. */
export interface Opening {
  name: string;
  port: number;
  protocol: "tcp" | "udp";
  ranges: readonly string[];
}

/** A port that another group's members may reach. */
export function allowGroup(scope: Scope, group: SecurityGroup, name: string, port: number, from: SecurityGroup): void {
  const rule = `${scope.fleet}-${name}`;
  const ports = { ipProtocol: "tcp", fromPort: port, toPort: port };
  const args = { securityGroupId: group.id, referencedSecurityGroupId: from.id, ...ports, tags: tagsOf(scope, rule) };
  new SecurityGroupIngressRule(rule, args, childOf(scope));
}

/** A group for machines: what is named comes in, everything goes out. */
export function firewall(scope: Scope, vpcId: pulumi.Input<string>, openings: readonly Opening[]): SecurityGroup {
  const { fleet } = scope;
  const name = `${fleet}-machines`;
  const group = new SecurityGroup(name, { vpcId, description: `Machines of ${fleet}`, tags: tagsOf(scope, name) }, childOf(scope));
  for (const opening of openings) for (const range of new Set(opening.ranges)) allow(scope, group, opening, range);
  const out = { securityGroupId: group.id, ipProtocol: "-1", cidrIpv4: "0.0.0.0/0", tags: tagsOf(scope, `${fleet}-out`) };
  new SecurityGroupEgressRule(`${fleet}-out`, out, childOf(scope));
  return group;
}

/** Named by its range, so that another order of the ranges is no change. */
function allow(scope: Scope, group: SecurityGroup, { name, port, protocol, ranges: _ranges }: Opening, range: string): void {
  const rule = `${scope.fleet}-${name}-${range}`;
  const ports = { ipProtocol: protocol, fromPort: port, toPort: port };
  const args = { securityGroupId: group.id, cidrIpv4: range, ...ports, tags: tagsOf(scope, rule) };
  new SecurityGroupIngressRule(rule, args, childOf(scope));
}
