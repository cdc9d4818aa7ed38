/** What every provider ends in. All that comes after is the same for a laptop's VM, a rented server and EC2. */
import type * as pulumi from "@pulumi/pulumi";

/** How to log in by SSH. Plain data: it goes into the rollout's plan as it is. */
export interface SshTransport {
  kind: "ssh";
  host: string;
  /** @default 22 */
  port: number;
  /** Root, a user who may `sudo -n`, or the reserved deploy user. */
  user: string;
  /** The machine's pinned host key, as `ssh-keyscan` prints it without the host: `ssh-ed25519 AAAA…`. */
  hostKey: string;
  /** Path of the private key on the operator's computer (`~` allowed); without it and `privateKey`, the SSH agent is asked. */
  privateKeyFile?: string | undefined;
  /** The private key itself; a secret. */
  privateKey?: string | undefined;
  /** A machine to jump over, with the same ways to log in. */
  bastion?: Omit<SshTransport, "bastion" | "kind" | "tunnel"> | undefined;
  /** An EC2 Instance Connect Endpoint to go through, opened by the AWS command line. */
  tunnel?: Tunnel | undefined;
}

export interface Tunnel {
  instanceId: string;
  region: string;
  /** Of the AWS configuration. */
  profile?: string | undefined;
}

export type Transport = SshTransport;

/** What a release must be built for. */
export interface Target {
  arch: "x64" | "arm64";
  /** The machine's Python, for example "3.13"; undefined when it has none. */
  python: string | undefined;
}

export interface Machine {
  name: string;
  /** What clients and the operator reach the machine by. */
  address: pulumi.Output<string>;
  /** Domain names of this machine alone. @default [] */
  domains?: readonly string[];
  transport: pulumi.Output<Transport>;
  /** Changes when the machine behind the name is another one (rebuilt, replaced). */
  identity: pulumi.Output<string>;
  /** The number of cores, where the provider knows it. */
  cpus?: number | undefined;
  /** What must be there before the machine can be reached. */
  dependsOn: pulumi.Resource[];
}
