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
}

export function ec2Instances(scope: Scope, config: Ec2Config, around: Surroundings): Ec2Instance[] {
  const keyName = `${scope.fleet}-operator`;
  const key = new KeyPair(keyName, { publicKey: config.ssh.publicKey, tags: tagsOf(scope, keyName) }, childOf(scope));
  return config.instances.map((machine) => ec2Instance(scope, config, machine, around, key));
}

type MachineConfig = Ec2Config["instances"][number];

function ec2Instance(scope: Scope, config: Ec2Config, machine: MachineConfig, around: Surroundings, key: KeyPair): Ec2Instance {
  const { fleet } = scope;
  // Two fleets of one stack may each have a "web-1".
  const resource = `${fleet}-${machine.name}`;
  const tags = { ...tagsOf(scope, machine.name), "fleetwright:machine": machine.name };
  const zone = machine.zone ?? Object.keys(config.network.subnets)[0] ?? "";
  const instance = new Instance(
    resource,
    {
      ami: imageOf(machine, config.images),
      instanceType: machine.type,
      subnetId: around.network.subnets[zone],
      vpcSecurityGroupIds: [around.securityGroupId],
      iamInstanceProfile: around.profile,
      keyName: key.keyName,
      associatePublicIpAddress: config.access === "public",
      disableApiTermination: config.terminationProtection,
      // One hop: what is in a container on the machine doesn't reach the role's credentials.
      metadataOptions: { httpEndpoint: "enabled", httpTokens: "required", httpPutResponseHopLimit: 1 },
      rootBlockDevice: { volumeType: "gp3", volumeSize: machine.diskGiB, encrypted: true, kmsKeyId: config.kmsKey, tags },
      tags,
    },
    childOf(scope, around.network.ready),
  );
  if (!config.elasticIps) {
    const address = config.access === "public" ? instance.publicIp : instance.privateIp;
    return { name: machine.name, instance, address, dependsOn: [instance] };
  }
  // Others have this address in their records and firewalls: it goes only by a deliberate step.
  const kept = { ...childOf(scope, around.network.ready), protect: config.terminationProtection };
  const eip = new Eip(resource, { domain: "vpc", tags }, kept);
  const bound = new EipAssociation(resource, { instanceId: instance.id, allocationId: eip.allocationId }, childOf(scope));
  return { name: machine.name, instance, address: eip.publicIp, dependsOn: [instance, bound] };
}
