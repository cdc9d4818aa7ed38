/** A group of machines on AWS that grows and shrinks by need, as a program gives it. */
import type { Input } from "@pulumi/pulumi";
import type { AwsNetworkArgs, LogsArgs } from "./aws.ts";

/** Machines that AWS makes and removes over the zones of one region, behind a balancer with the certificate. */
export interface AutoscalingArgs {
  provider: "autoscaling";
  /** Two zones or more: the balancer asks for them. */
  network: AwsNetworkArgs;
  /** One pinned image: Debian 13 or 12. */
  image: string;
  /** What is in the image; a release is built for its Python. @default 13 */
  debian?: 12 | 13;
  /** Instance types of one architecture, in the order of preference. */
  types: string[];
  capacity: {
    /** @default 2 */
    min?: number;
    max: number;
    /** Of the first start; from then on scaling decides. @default min */
    desired?: number;
  };
  /** @default no machine is spot */
  spot?: {
    /** Of the machines above `base`, so many in a hundred. */
    percent: number;
    /** So many machines never are. @default 0 */
    base?: number;
  };
  /** A machine isn't removed because fewer are needed. Not with `spot`. @default false */
  scaleInProtection?: boolean;
  /** @default 16 */
  diskGiB?: number;
  /** `public`: from anywhere; `private`: from `clients` only, and the balancer has no public address. @default "public" */
  access?: "public" | "private";
  /** IPv4 ranges that may use a private fleet. @default [] */
  clients?: string[];
  /** ARN of a certificate in AWS Certificate Manager. @default one is made, proved by records in `dns.zone` */
  certificate?: Input<string>;
  /** The hosted zone that the fleet's domains are in; they lead to the balancer. */
  dns?: {
    zone: string;
    /**
     * One of two stacks, in two regions, that have the same domains: `primary` answers as long as it is well, asked from outside every
     * 10 s, `secondary` when it isn't. Asks for `app.health.path`. @default the domains lead here, whatever happens
     */
    failover?: "primary" | "secondary";
  };
  /** Everything is made but machines: a region that waits. Once it is false, the group has `capacity.min` of them. @default false */
  standby?: boolean;
  scaling?: {
    /** Keeps the machines' CPU at this average. @default 60 */
    cpuPercent?: number;
    /** Keeps what a machine is asked in a minute at this average, too. @default not watched */
    requestsPerMinute?: number;
  };
  /** From a machine's start until it serves, at most. @default 180000 */
  warmUpMs?: number;
  /** `refresh`: a release replaces the machines; `in-place`: it comes to those that are there, by Run Command. @default "refresh" */
  releases?: "refresh" | "in-place";
  /** How machines are replaced: by each release, or with releases in place when they themselves change. */
  refresh?: RefreshArgs;
  inPlace?: InPlaceArgs;
  /** Alarms to an SNS topic of yours. @default none */
  alarms?: AlarmArgs;
  /** Ships the logs of app, supervisor and Caddy to CloudWatch Logs. @default they go with each machine */
  logs?: LogsArgs;
  /** ARN of a key for volumes, artifacts and secrets. @default the account's keys for each */
  kmsKey?: Input<string>;
  /**
   * A key of the fleet's own in place of `kmsKey`, which Pulumi refuses to remove. `multiRegion: true`: one that may have replicas in other
   * regions; `replicaOf`: the replica, in this stack's region, of the one with this ARN.
   */
  key?: { multiRegion?: true; replicaOf?: Input<string> };
  artifacts?: {
    /**
     * The bucket of a stack in another region (its output `artifacts.bucket`), which gets all that this one's has.
     * `kmsKey`: its key, where this fleet has one, too.
     */
    replicateTo?: { bucket: Input<string>; region: string; kmsKey?: Input<string> };
    /** So many releases can be gone back to, beside those in use; older ones are removed after a release. @default 10 */
    keepReleases?: number;
  };
  /** Pulumi refuses to remove what holds data: the bucket and the secrets. @default false */
  protect?: boolean;
  /** On everything, beside the fleet's own. @default {} */
  tags?: Record<string, string>;
}

/** How a release replaces the machines. Parts are in a hundred of the machines wanted. */
export interface RefreshArgs {
  /** So many serve at any time. @default 100 */
  minHealthyPercent?: number;
  /** And no more than these are there. @default 110 */
  maxHealthyPercent?: number;
  /** Waits after each of these parts. @default [] */
  checkpoints?: number[];
  /** @default 600000 */
  checkpointDelayMs?: number;
}

/** How a release comes to machines in place. */
export interface InPlaceArgs {
  /** Machines at the same time: a number, or a part such as "25%". @default "25%" */
  batch?: number | string;
  /** With more failures than these no further machine gets it; it is undone with the first one, whatever this says. @default 0 */
  maxErrors?: number;
}

export interface AlarmArgs {
  topic: Input<string>;
  /** Answers of 500 and above in five minutes. @default 10 */
  serverErrors?: number;
  /** For a quarter of an hour. @default 90 */
  cpuPercent?: number;
  /** Of the fullest disk of any machine, in bytes or in files, for a quarter of an hour. @default 85 */
  diskPercent?: number;
  /** Fewer days than this until the certificate ends. @default 21 */
  certificateDays?: number;
}
