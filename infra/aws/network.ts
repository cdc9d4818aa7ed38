/** Where the machines are: an existing VPC, or a small one with a public subnet for each zone. No NAT: it costs, and is not needed. */
import { DefaultSecurityGroup } from "@pulumi/aws/ec2/defaultSecurityGroup.js";
import { InternetGateway } from "@pulumi/aws/ec2/internetGateway.js";
import { Route } from "@pulumi/aws/ec2/route.js";
import { RouteTable } from "@pulumi/aws/ec2/routeTable.js";
import { RouteTableAssociation } from "@pulumi/aws/ec2/routeTableAssociation.js";
import { Subnet } from "@pulumi/aws/ec2/subnet.js";
import { Vpc } from "@pulumi/aws/ec2/vpc.js";
import type * as pulumi from "@pulumi/pulumi";
import type { NetworkConfig } from "../config/aws/common.ts";
import { DEFAULT_VPC_CIDR } from "../config/aws/network-rules.ts";
import { childOf, type Scope, tagsOf } from "./scope.ts";

export interface Network {
  vpcId: pulumi.Input<string>;
  /** A subnet's id by its zone. */
  subnets: Record<string, pulumi.Input<string>>;
  /** What must be there before a machine in it reaches the internet. */
  ready: pulumi.Resource[];
}

export function networkOf(scope: Scope, config: NetworkConfig): Network {
  return config.vpc === undefined ? ownNetwork(scope, config) : { vpcId: config.vpc, subnets: config.subnets, ready: [] };
}

function ownNetwork(scope: Scope, { cidr = DEFAULT_VPC_CIDR, subnets: ranges }: NetworkConfig): Network {
  const { fleet } = scope;
  const child = childOf(scope);
  const named = (name: string) => ({ tags: tagsOf(scope, name) });
  const vpc = new Vpc(`${fleet}-vpc`, { cidrBlock: cidr, enableDnsHostnames: true, ...named(`${fleet}-vpc`) }, child);
  // AWS gives each VPC a group that lets its members reach each other; nothing of ours is in it.
  new DefaultSecurityGroup(`${fleet}-default`, { vpcId: vpc.id, ...named(`${fleet}-default`) }, child);
  const gateway = new InternetGateway(`${fleet}-gateway`, { vpcId: vpc.id, ...named(`${fleet}-gateway`) }, child);
  const table = new RouteTable(`${fleet}-routes`, { vpcId: vpc.id, ...named(`${fleet}-routes`) }, child);
  const out = new Route(`${fleet}-out`, { routeTableId: table.id, destinationCidrBlock: "0.0.0.0/0", gatewayId: gateway.id }, child);
  const made = Object.entries(ranges).map(([zone, range]) => {
    const name = `${fleet}-${zone}`;
    const subnet = new Subnet(name, { vpcId: vpc.id, availabilityZone: zone, cidrBlock: range, ...named(name) }, child);
    const routed = new RouteTableAssociation(name, { subnetId: subnet.id, routeTableId: table.id }, child);
    return { zone, subnet, routed };
  });
  return {
    vpcId: vpc.id,
    subnets: Object.fromEntries(made.map(({ zone, subnet }) => [zone, subnet.id])),
    ready: [out, ...made.map(({ routed }) => routed)],
  };
}
