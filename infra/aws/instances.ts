/** The machines themselves: pinned image, encrypted gp3, version 2 of the metadata service only. */
import { Eip } from "@pulumi/aws/ec2/eip.js";
import { EipAssociation } from "@pulumi/aws/ec2/eipAssociation.js";
import { Instance } from "@pulumi/aws/ec2/instance.js";
import { KeyPair } from "@pulumi/aws/ec2/keyPair.js";
import type * as pulumi from "@pulumi/pulumi";
import type { Ec2Config } from "../config/aws/ec2.ts";
import { imageOf } from "../config/aws/image-of.ts";
import type { Network } from "./network.ts";
import { childOf, type Scope, tagsOf } from "./scope.ts";

export interface Ec2Instance {
  name: string;
  instance: Instance;
  /** What clients and the operator reach it by. */
  address: pulumi.Output<string>;
  /** What must be there before it can be reached. */
  dependsOn: pulumi.Resource[];
}

export interface Surroundings {
  network: Network;
  securityGroupId: pulumi.Input<string>;
  /** Name of the instance profile. */
  profile: pulumi.Input<string>;
  /** Of machines that fetch what they run. */
  boot?: BootPlan | undefined;
}

export interface BootPlan {
  /** A machine's boot script. @param address its lasting one, where it has one */
  script: (name: string, address: pulumi.Output<string> | undefined) => pulumi.Output<string>;
  /** What it fetches when it starts. */
  there: pulumi.Resource[];
}

export function ec2Instances(scope: Scope, config: Ec2Config, around: Surroundings): Ec2Instance[] {
  const key = config.ssh === undefined ? undefined : operatorKey(scope, config.ssh.publicKey);
  return config.instances.map((machine) => ec2Instance(scope, config, machine, around, key));
}

function operatorKey(scope: Scope, publicKey: string): KeyPair {
  const name = `${scope.fleet}-operator`;
  return new KeyPair(name, { publicKey, tags: tagsOf(scope, name) }, childOf(scope));
}

type MachineConfig = Ec2Config["instances"][number];

function ec2Instance(scope: Scope, config: Ec2Config, machine: MachineConfig, around: Surroundings, key: KeyPair | undefined): Ec2Instance {
  const { fleet } = scope;
  const { boot } = around;
  // Two fleets of one stack may each have a "web-1".
  const resource = `${fleet}-${machine.name}`;
  const tags = { ...tagsOf(scope, machine.name), "fleetwright:machine": machine.name };
  // Others have this address in their records and firewalls: it goes only by a deliberate step.
  const kept = { ...childOf(scope, around.network.ready), protect: config.terminationProtection };
  const eip = config.elasticIps ? new Eip(resource, { domain: "vpc", tags }, kept) : undefined;
  const zone = machine.zone ?? Object.keys(config.network.subnets)[0] ?? "";
  const instance = new Instance(
    resource,
    {
      ami: imageOf(machine, config.images),
      instanceType: machine.type,
      subnetId: around.network.subnets[zone],
      vpcSecurityGroupIds: [around.securityGroupId],
      iamInstanceProfile: around.profile,
      ...(key === undefined ? {} : { keyName: key.keyName }),
      ...(boot === undefined ? {} : { userData: boot.script(machine.name, eip?.publicIp) }),
      // The fleet's own network has no NAT: what fetches has an address for the way out; the firewall lets in whom it lets in.
      associatePublicIpAddress: config.access === "public" || (boot !== undefined && config.network.vpc === undefined),
      disableApiTermination: config.terminationProtection,
      // One hop: what is in a container on the machine doesn't reach the role's credentials.
      metadataOptions: { httpEndpoint: "enabled", httpTokens: "required", httpPutResponseHopLimit: 1 },
      rootBlockDevice: { volumeType: "gp3", volumeSize: machine.diskGiB, encrypted: true, kmsKeyId: config.kmsKey, tags },
      tags,
    },
    // Another script would have AWS stop a machine that serves, to no end: it is read at a machine's first boot only.
    { ...childOf(scope, [...around.network.ready, ...(boot?.there ?? [])]), ignoreChanges: boot === undefined ? [] : ["userData"] },
  );
  return { name: machine.name, instance, ...reachedBy(scope, config, { resource, instance, eip }) };
}

interface Bound {
  resource: string;
  instance: Instance;
  /** Its lasting address. */
  eip: Eip | undefined;
}

function reachedBy(scope: Scope, { access }: Ec2Config, { resource, instance, eip }: Bound): Pick<Ec2Instance, "address" | "dependsOn"> {
  if (eip === undefined) return { address: access === "public" ? instance.publicIp : instance.privateIp, dependsOn: [instance] };
  const bound = new EipAssociation(resource, { instanceId: instance.id, allocationId: eip.allocationId }, childOf(scope));
  return { address: eip.publicIp, dependsOn: [instance, bound] };
}
