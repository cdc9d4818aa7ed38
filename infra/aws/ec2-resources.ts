/** Everything on AWS that a fleet of provider `ec2` consists of. */
import type { Ec2Config } from "../config/aws/ec2.ts";
import type { HttpsConfig } from "../config/https.ts";
import { firewall, type Opening } from "./firewall.ts";
import { type Grant, machineProfile } from "./identity.ts";
import { instanceConnect } from "./instance-connect.ts";
import { type BootPlan, type Ec2Instance, ec2Instances } from "./instances.ts";
import { machineAlarms } from "./machine-alarms.ts";
import { machineRecords } from "./machine-records.ts";
import { networkOf } from "./network.ts";
import type { Scope } from "./scope.ts";
import { tellingGrants } from "./telling-grants.ts";

/** What the fleet serves on, and by which names. */
export type Serving = Pick<HttpsConfig, "mode" | "httpPort" | "httpsPort" | "domains" | "redirects"> & {
  /** What is asked from outside. */
  healthPath?: string | undefined;
};

/** What machines that fetch their release have beside. */
export interface Fetched {
  grants: readonly Grant[];
  boot: BootPlan;
}

export function ec2Resources(scope: Scope, config: Ec2Config, serving: Serving, fetched?: Fetched): Ec2Instance[] {
  const network = networkOf(scope, config.network);
  const group = firewall(scope, network.vpcId, openings(config, serving));
  const profile = machineProfile(scope, [...(fetched?.grants ?? []), ...tellingGrants(scope, config, config.terminationProtection)]);
  const { ssh } = config;
  const way = ssh?.through !== undefined && config.network.vpc === undefined ? instanceConnect(scope, network, group, ssh.port) : [];
  const made = ec2Instances(scope, config, { network, securityGroupId: group.id, profile: profile.name, boot: fetched?.boot });
  const machines = made.map((machine) => ({ ...machine, dependsOn: [...machine.dependsOn, ...way] }));
  if (config.dns !== undefined) machineRecords(scope, config.dns, serving, machines);
  if (config.alarms !== undefined) machineAlarms(scope, config.alarms, machines, serving.mode);
  return machines;
}

function openings({ access, clients, ssh }: Ec2Config, { httpPort, httpsPort }: Serving): Opening[] {
  const ranges = access === "public" ? ["0.0.0.0/0"] : clients;
  return [
    { name: "http", port: httpPort, protocol: "tcp", ranges },
    { name: "https", port: httpsPort, protocol: "tcp", ranges },
    // HTTP/3.
    { name: "http3", port: httpsPort, protocol: "udp", ranges },
    ...(ssh === undefined ? [] : [{ name: "ssh", port: ssh.port, protocol: "tcp" as const, ranges: ssh.from }]),
  ];
}
