/** Provider `ec2`: named machines on AWS, made by this stack. Loaded only when it is chosen. */
import * as pulumi from "@pulumi/pulumi";
import { ec2Resources, type Serving } from "../aws/ec2-resources.ts";
import { preflight } from "../aws/preflight.ts";
import type { Ec2Instance } from "../aws/instances.ts";
import type { Ec2Config } from "../config/aws/ec2.ts";
import { regionOf } from "../config/aws/network-rules.ts";
import { consoleHostKey } from "./ec2/host-key.ts";
import type { Machine, SshTransport, Target } from "./machine.ts";

export interface Ec2Fleet {
  name: string;
  config: Ec2Config;
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
      transport: transportOf(config.ssh, made, hostKey.key),
      identity: made.instance.id,
      dependsOn: [...made.dependsOn, hostKey.resource],
    };
  });
}

function transportOf(ssh: Ec2Config["ssh"], { address }: Ec2Instance, hostKey: pulumi.Output<string>): pulumi.Output<SshTransport> {
  const { port, user, privateKeyFile } = ssh;
  const login = { port, user, ...(privateKeyFile === undefined ? {} : { privateKeyFile }) };
  return pulumi.all([address, hostKey]).apply(([host, key]): SshTransport => ({ kind: "ssh", host, ...login, hostKey: key }));
}
