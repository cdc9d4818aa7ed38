/** Provider `hosts`: machines that are there already and answer SSH. Creates nothing. */
import * as pulumi from "@pulumi/pulumi";
import { hashOf } from "../../runtime/manifest.ts";
import type { HostConfig, LoginConfig } from "../config/schema.ts";
import type { Machine, SshTransport } from "./machine.ts";

type Login = Omit<SshTransport, "bastion" | "kind" | "tunnel">;

export function hostMachines(hosts: readonly HostConfig[]): Machine[] {
  return hosts.map((host) => ({
    name: host.name,
    address: pulumi.output(host.address),
    domains: host.domains,
    transport: transportOf(host),
    // A machine that was rebuilt has a new host key, which has to be pinned anew: that makes it another machine.
    identity: pulumi.output(host.hostKey).apply((hostKey) => hashOf(hostKey.trim().split(/\s+/).slice(0, 2))),
    dependsOn: [],
  }));
}

function transportOf(host: HostConfig): pulumi.Output<SshTransport> {
  const bastion = host.bastion === undefined ? pulumi.output(undefined) : loginOf(host.bastion);
  return pulumi
    .all([loginOf(host), bastion])
    .apply(([login, through]): SshTransport => ({ kind: "ssh", ...login, ...(through === undefined ? {} : { bastion: through }) }));
}

export function loginOf(login: LoginConfig): pulumi.Output<Login> {
  const { privateKeyFile } = login;
  const privateKey = login.privateKey === undefined ? undefined : pulumi.secret(login.privateKey);
  return pulumi.all([login.address, login.hostKey, privateKey]).apply(([host, hostKey, key]): Login => ({
    host,
    port: login.port,
    user: login.user,
    hostKey,
    ...(privateKeyFile === undefined ? {} : { privateKeyFile }),
    ...(key === undefined ? {} : { privateKey: key }),
  }));
}
