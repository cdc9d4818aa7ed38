/** Machines on AWS, as a program gives them. */
import type { Input } from "@pulumi/pulumi";

/** Named machines on EC2, over the zones of one region. */
export interface Ec2Args {
  provider: "ec2";
  network: AwsNetworkArgs;
  instances: Ec2InstanceArgs[];
  /** A pinned image for each architecture in use: Debian 13 or 12. */
  images: { x64?: string; arm64?: string };
  ssh: Ec2SshArgs;
  /** `public`: HTTP and HTTPS from anywhere; `private`: from `clients` only, and no public address. @default "public" */
  access?: "public" | "private";
  /** IPv4 ranges that may use a private fleet. @default [] */
  clients?: string[];
  /** Addresses that outlive a stop and a replacement. @default false */
  elasticIps?: boolean;
  /** AWS refuses to terminate a machine until this is false again. @default false */
  terminationProtection?: boolean;
  /** Records for the fleet's domains. */
  dns?: { zone: string; /** @default 60 */ ttlSeconds?: number };
  /** Key for the volumes. @default the account's key for EBS */
  kmsKey?: Input<string>;
  /** On everything, beside the fleet's own. @default {} */
  tags?: Record<string, string>;
}

export interface AwsNetworkArgs {
  /** An existing VPC. @default a small one of the fleet's own, without NAT */
  vpc?: Input<string>;
  /** Range of the fleet's own VPC. @default "10.80.0.0/16" */
  cidr?: string;
  /** By zone: a range, or with `vpc` a subnet's id. */
  subnets: Record<string, Input<string>>;
}

export interface Ec2InstanceArgs {
  /** Names the machine in the fleet; two machines can't share one. */
  name: string;
  /** For example `m7g.large`. */
  type: string;
  /** @default the only zone there is */
  zone?: string;
  /** In place of the fleet's `images`: to bring a new one in machine by machine. */
  image?: string;
  /** @default 16 */
  diskGiB?: number;
}

export interface Ec2SshArgs {
  /** IPv4 ranges that may come to port 22. */
  from: string[];
  /** A user with a password-less sudo. @default "admin", the one of Debian's images */
  user?: string;
  /** @default 22 */
  port?: number;
  publicKey: string;
  /** The private key's path on this computer. @default the SSH agent's keys */
  privateKeyFile?: string;
}
