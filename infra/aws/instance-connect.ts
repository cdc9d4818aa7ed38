/** A way to port 22 that is open to nobody: who may use the endpoint is IAM's to say. */
import { InstanceConnectEndpoint } from "@pulumi/aws/ec2transitgateway/instanceConnectEndpoint.js";
import { SecurityGroup } from "@pulumi/aws/ec2/securityGroup.js";
import { SecurityGroupEgressRule } from "@pulumi/aws/vpc/securityGroupEgressRule.js";
import type * as pulumi from "@pulumi/pulumi";
import { allowGroup } from "./firewall.ts";
import type { Network } from "./network.ts";
import { childOf, type Scope, tagsOf } from "./scope.ts";

/** One endpoint reaches all of the VPC's zones, and AWS allows no second one in a VPC. @returns what a login has to wait for */
export function instanceConnect(scope: Scope, network: Network, machines: SecurityGroup, port: number): pulumi.Resource[] {
  const name = `${scope.fleet}-connect`;
  const tags = tagsOf(scope, name);
  const group = new SecurityGroup(name, { vpcId: network.vpcId, description: `Endpoint of ${scope.fleet}`, tags }, childOf(scope));
  const out = { securityGroupId: group.id, referencedSecurityGroupId: machines.id, ipProtocol: "tcp", fromPort: port, toPort: port, tags };
  new SecurityGroupEgressRule(name, out, childOf(scope));
  allowGroup(scope, machines, "ssh-connect", port, group);
  const [subnetId = ""] = Object.values(network.subnets);
  const endpoint = new InstanceConnectEndpoint(
    name,
    { subnetId, securityGroupIds: [group.id], preserveClientIp: false, tags },
    childOf(scope),
  );
  return [endpoint];
}
