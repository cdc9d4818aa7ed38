/** Provider `autoscaling`: machines that AWS makes and removes by need, behind a balancer. */
import { z } from "zod";
import { DEFAULT_BATCH } from "../../rollout/batches.ts";
import { batchSchema, milliseconds } from "../numbers.ts";
import { autoscalingFindings } from "./autoscaling-rules.ts";
import { arn, cidr, debianVersion, imageId, instanceType, logsSchema, networkSchema, tagsSchema } from "./common.ts";
import { dnsSchema } from "./ec2.ts";
import { failoverSchema } from "./failover.ts";
import { artifactsSchema, keySchema } from "./regions.ts";

const capacitySchema = z.strictObject({
  min: z.int().min(0).max(1_000).default(2),
  max: z.int().min(1).max(1_000),
  /** Of the first start only; from then on scaling decides. */
  desired: z.int().min(0).max(1_000).optional(),
});

const spotSchema = z.strictObject({
  /** Of the machines above `base`, this many in a hundred are spot. */
  percent: z.int().min(1).max(100),
  /** So many machines are never spot. */
  base: z.int().min(0).max(1_000).default(0),
});

const scalingSchema = z.strictObject({
  /** Keeps the machines' CPU at this average. */
  cpuPercent: z.int().min(10).max(90).default(60),
  /** Keeps the requests that a machine gets in a minute at this average, too. */
  requestsPerMinute: z.int().min(1).max(10_000_000).optional(),
});

const refreshSchema = z.strictObject({
  /** Of the machines wanted, this many in a hundred serve at any time of a refresh. */
  minHealthyPercent: z.int().min(0).max(100).default(100),
  /** And no more than this many are there. */
  maxHealthyPercent: z.int().min(100).max(200).default(110),
  /** Pauses after these parts of the machines, in a hundred, for a look. */
  checkpoints: z.array(z.int().min(1).max(100)).max(20).default([]),
  checkpointDelayMs: z.int().min(0).max(172_800_000).default(600_000),
});

const inPlaceSchema = z.strictObject({
  /** Machines that a release comes to at the same time. */
  batch: batchSchema.default(DEFAULT_BATCH),
  /** With more failures than these no further machine gets it. The release is undone with the first one, whatever this says. */
  maxErrors: z.int().min(0).max(1_000).default(0),
});

const alarmsSchema = z.strictObject({
  topic: arn("sns", "an SNS topic"),
  /** Answers of 500 and above in five minutes, of balancer and machines together. */
  serverErrors: z.int().min(1).default(10),
  cpuPercent: z.int().min(1).max(100).default(90),
  /** Of the fullest disk of any machine, in bytes or in files. */
  diskPercent: z.int().min(1).max(99).default(85),
  certificateDays: z.int().min(1).max(90).default(21),
});

export const autoscalingSchema = z
  .strictObject({
    provider: z.literal("autoscaling"),
    network: networkSchema,
    /** One pinned image, and so one architecture. */
    image: imageId,
    /** What is in the image; a release is built for its Python. */
    debian: debianVersion.default(13),
    /** In the order of preference. */
    types: z.array(instanceType).min(1).max(40),
    capacity: capacitySchema,
    spot: spotSchema.optional(),
    /** A machine isn't removed because fewer are needed. */
    scaleInProtection: z.boolean().default(false),
    diskGiB: z.int().min(8).max(16_384).default(16),
    access: z.enum(["public", "private"]).default("public"),
    clients: z.array(cidr).max(50).default([]),
    /** A certificate that is there; without it one is made, proved by records in `dns.zone`. */
    certificate: arn("acm", "a certificate in AWS Certificate Manager").optional(),
    dns: dnsSchema.omit({ ttlSeconds: true }).extend({ failover: failoverSchema.optional() }).optional(),
    /** All is made but machines: a region that waits for another one's end. */
    standby: z.boolean().default(false),
    scaling: scalingSchema.prefault({}),
    /** From a machine's start until it serves, at most. */
    warmUpMs: milliseconds.default(180_000),
    /** `refresh`: a release replaces the machines; `in-place`: it comes to those that are there, by Run Command. */
    releases: z.enum(["refresh", "in-place"]).default("refresh"),
    /** How machines are replaced: by each release, or with releases in place when they themselves change. */
    refresh: refreshSchema.prefault({}),
    inPlace: inPlaceSchema.optional(),
    alarms: alarmsSchema.optional(),
    logs: logsSchema.optional(),
    kmsKey: arn("kms", "a KMS key").optional(),
    key: keySchema.optional(),
    artifacts: artifactsSchema,
    /** Pulumi refuses to remove what holds data: the bucket and the secrets. A key of the fleet's own is always kept. */
    protect: z.boolean().default(false),
    tags: tagsSchema,
  })
  .superRefine((value, context) => {
    for (const finding of autoscalingFindings(value)) context.addIssue({ code: "custom", input: value, ...finding });
  });

export type AutoscalingConfig = z.output<typeof autoscalingSchema>;
