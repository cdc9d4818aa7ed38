/** Provider `ec2`: named machines on AWS, made by this stack. Loaded only when it is chosen. */
import * as pulumi from "@pulumi/pulumi";
import { ec2Resources, type Serving } from "../aws/ec2-resources.ts";
import { preflight } from "../aws/preflight.ts";
import type { Ec2Instance } from "../aws/instances.ts";
import type { SshEc2Config } from "../config/aws/ec2.ts";
import { regionOf } from "../config/aws/network-rules.ts";
import { consoleHostKey } from "./ec2/host-key.ts";
import { loginOf } from "./hosts.ts";
import type { Machine, SshTransport, Target } from "./machine.ts";

export interface Ec2Fleet {
  name: string;
  config: SshEc2Config;
  serving: Serving;
  /** No machine is made before the release for it is there. */
  build: (targets: readonly Target[]) => Promise<unknown>;
}

export function ec2Machines(parent: pulumi.Resource, { name: fleet, config, serving, build }: Ec2Fleet): Machine[] {
  const region = regionOf(Object.keys(config.network.subnets)[0] ?? "");
  const scope = { parent, fleet, tags: config.tags, gate: pulumi.output(preflight({ parent, fleet, machines: config, build })) };
  return ec2Resources(scope, config, serving).map((made): Machine => {
    const hostKey = consoleHostKey(parent, `${fleet}-${made.name}-host-key`, { region, instanceId: made.instance.id });
    return {
      name: made.name,
      address: made.address,
      transport: transportOf(config.ssh, region, made, hostKey.key),
      identity: made.instance.id,
      dependsOn: [...made.dependsOn, hostKey.resource],
    };
  });
}

function transportOf(ssh: SshEc2Config["ssh"], region: string, made: Ec2Instance, hostKey: pulumi.Output<string>) {
  const { port, user, privateKeyFile, through, bastion } = ssh;
  const login = { port, user, ...(privateKeyFile === undefined ? {} : { privateKeyFile }) };
  const jump = bastion === undefined ? undefined : loginOf(bastion);
  // Both go to the private address: the one is in the VPC, the other may be.
  const address = through === undefined && bastion === undefined ? made.address : made.instance.privateIp;
  return pulumi.all([address, hostKey, jump, made.instance.id]).apply(([host, key, jumped, instanceId]): SshTransport => ({
    kind: "ssh",
    host,
    ...login,
    hostKey: key,
    ...(jumped === undefined ? {} : { bastion: jumped }),
    ...(through === undefined ? {} : { tunnel: { instanceId, region, ...profileOf() } }),
  }));
}

/** Of the AWS configuration that the stack names. */
function profileOf(): { profile?: string } {
  const profile = new pulumi.Config("aws").get("profile");
  return profile === undefined ? {} : { profile };
}
