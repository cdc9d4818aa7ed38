/** The same machines as a Pulumi program of one's own has them, in five resources each: what a fleet's preview is held against. */
import { Eip } from "@pulumi/aws/ec2/eip.js";
import { EipAssociation } from "@pulumi/aws/ec2/eipAssociation.js";
import { Instance } from "@pulumi/aws/ec2/instance.js";
import { Record } from "@pulumi/aws/route53/record.js";
import * as command from "@pulumi/command";
import { ec2Machines } from "../../test/infra/aws/samples.ts";

export function bareMachines(count: number): void {
  for (let index = 0; index < count; index += 1) bareMachine(`m-${index}`);
}

function bareMachine(name: string): void {
  const instance = new Instance(name, {
    ami: ec2Machines().images.arm64,
    instanceType: "m7g.large",
    metadataOptions: { httpEndpoint: "enabled", httpTokens: "required" },
    rootBlockDevice: { volumeType: "gp3", volumeSize: 16, encrypted: true },
    tags: { Name: name },
  });
  const eip = new Eip(name, { domain: "vpc", tags: { Name: name } });
  const bound = new EipAssociation(name, { instanceId: instance.id, allocationId: eip.allocationId });
  new Record(name, { zoneId: "Z0", name: `${name}.example.org`, type: "A", ttl: 60, records: [eip.publicIp] });
  new command.local.Command(name, { create: "deploy", stdin: eip.publicIp, triggers: [instance.id] }, { dependsOn: [bound] });
}
