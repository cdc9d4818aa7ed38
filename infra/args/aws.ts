/** Machines on AWS, as a program gives them. */
import type { Input } from "@pulumi/pulumi";
import type { LoginArgs } from "./machines.ts";

/** Named machines on EC2, over the zones of one region. */
export interface Ec2Args {
  provider: "ec2";
  network: AwsNetworkArgs;
  instances: Ec2InstanceArgs[];
  /** A pinned image for each architecture in use: Debian 13 or 12. */
  images: { x64?: string; arm64?: string };
  /**
   * `ssh`: pushed to from this computer. `ssm`: port 22 is closed; machines fetch what they run from a private bucket, and are told to by
   * Run Command of Systems Manager. @default "ssh"
   */
  delivery?: "ssh" | "ssm";
  /** With `delivery: "ssh"`, and only with it. */
  ssh?: Ec2SshArgs;
  /** With `delivery: "ssm"`: what is in the images; a release is built for its Python. @default 13 */
  debian?: 12 | 13;
  /** `public`: HTTP and HTTPS from anywhere; `private`: from `clients` only, and no public address. @default "public" */
  access?: "public" | "private";
  /** IPv4 ranges that may use a private fleet. @default [] */
  clients?: string[];
  /** Addresses that outlive a stop and a replacement. @default false */
  elasticIps?: boolean;
  /** AWS refuses to terminate a machine until this is false again. @default false */
  terminationProtection?: boolean;
  /** Records for the fleet's domains. */
  dns?: {
    zone: string;
    /** @default 60 */
    ttlSeconds?: number;
    /**
     * One of two stacks, in two regions, that have the same domains: `primary` answers while one of its machines is well, asked from
     * outside every 10 s, `secondary` when none is. Asks for `app.health.path`. @default the domains lead here, whatever happens
     */
    failover?: "primary" | "secondary";
  };
  /** Alarms of CloudWatch, for each machine. @default none */
  alarms?: Ec2AlarmsArgs;
  /** Ships the logs of app, supervisor and Caddy to CloudWatch Logs. @default they stay in each machine's journal */
  logs?: LogsArgs;
  /** Key for the volumes. @default the account's key for EBS */
  kmsKey?: Input<string>;
  /** On everything, beside the fleet's own. @default {} */
  tags?: Record<string, string>;
}

export interface Ec2AlarmsArgs {
  /** ARN of an SNS topic. */
  topic?: Input<string>;
  /** In place of a topic: whom a topic of the fleet's own writes to. AWS asks for consent by e-mail. */
  email?: string;
  /** Alarm when a machine's processors are busier than this for a quarter of an hour. @default 90 */
  cpuPercent?: number;
  /** Alarm when the fullest of a machine's disks is fuller than this for a quarter of an hour, in bytes or in files. @default 85 */
  diskPercent?: number;
  /** Alarm when a certificate of `https.mode` acme or own ends within fewer days. @default 10 */
  certificateDays?: number;
}

/** A log group of the fleet's own, with a stream for each machine's app, Caddy and agent. */
export interface LogsArgs {
  /** Lines are removed after so many days: one of the numbers that CloudWatch Logs takes. @default 30 */
  retentionDays?: number;
  /** ARN of a key whose policy lets CloudWatch Logs use it. @default CloudWatch's own */
  kmsKey?: Input<string>;
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
  /** With `delivery: "ssm"`: what is in its own image. @default the fleet's `debian` */
  debian?: 12 | 13;
  /** @default 16 */
  diskGiB?: number;
}

export interface Ec2SshArgs {
  /** IPv4 ranges that may come to port 22: yours, your bastion's, or with `through` in a VPC that is there its endpoint's. @default [] */
  from?: string[];
  /**
   * `instance-connect`: port 22 is closed; SSH goes through an EC2 Instance Connect Endpoint, which the AWS command line (2.12 or newer)
   * opens for whom IAM allows it. The fleet makes one in a VPC of its own; in one that is there, yours is used.
   */
  through?: "instance-connect";
  /** A machine to go through. */
  bastion?: LoginArgs;
  /** A user with a password-less sudo. @default "admin", the one of Debian's images */
  user?: string;
  /** @default 22 */
  port?: number;
  publicKey: string;
  /** The private key's path on this computer. @default the SSH agent's keys */
  privateKeyFile?: string;
}
