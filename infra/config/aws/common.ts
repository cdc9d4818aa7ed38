/** Values that both AWS providers take. */
import { z } from "zod";
import { leaf } from "../leaf.ts";
import { parseCidr } from "./cidr.ts";
import { isInstanceType } from "./instance-type.ts";

export const zoneName = z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d[a-z]$/, 'an availability zone, for example "eu-central-1a"');
export const cidr = z.string().refine((text) => parseCidr(text) !== undefined, {
  error: 'must be an IPv4 range that begins at its first address, for example "10.80.0.0/16"',
});
export const instanceType = z.string().refine(isInstanceType, { error: 'must be an instance type, for example "m7g.large"' });
export const imageId = z.string().regex(/^ami-([0-9a-f]{8}|[0-9a-f]{17})$/, 'the id of an image, for example "ami-0123456789abcdef0"');

/** What is in an image. */
export const debianVersion = z.union([z.literal(12), z.literal(13)]);

/** @param what it is, for people */
export const arn = (service: string, what: string) =>
  leaf(z.string().regex(new RegExp(`^arn:aws[a-z-]*:${service}:`), `the ARN of ${what}`));

/** One image for each architecture, pinned: the newest at each run would replace machines nobody meant to touch. */
export const imagesSchema = z.strictObject({ x64: imageId.optional(), arm64: imageId.optional() }).default({});

/** Tags beside ours; AWS allows 50 in all. */
export const tagsSchema = z
  .record(z.string().min(1).max(128), z.string().max(256))
  .refine((tags) => Object.keys(tags).length <= 40, { error: "has more than 40 tags; AWS allows 50, and some are ours" })
  .default({});

export const networkSchema = z.strictObject({
  /** An existing VPC; without it, the fleet gets a small one of its own. */
  vpc: leaf(z.string().regex(/^vpc-[0-9a-f]+$/, 'the id of a VPC, for example "vpc-0123456789abcdef0"')).optional(),
  cidr: cidr.optional(),
  /** By zone, so that no subnet is renumbered or replaced when another zone is added: a range, or with `vpc` a subnet's id. */
  subnets: z.record(zoneName, leaf(z.string().min(1))),
});

/** The only numbers of days that CloudWatch Logs takes (its API, "PutRetentionPolicy"). */
const RETENTION_DAYS = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653] as const;

/** Asks for the logs of app, supervisor and Caddy to be shipped to a log group of the fleet's own. */
export const logsSchema = z.strictObject({
  /** Lines are removed after so many days. */
  retentionDays: z.literal(RETENTION_DAYS).default(30),
  /** Its policy has to let CloudWatch Logs use it, which no other use of a key needs: so it isn't taken from the fleet's. */
  kmsKey: arn("kms", "a KMS key").optional(),
});

export type LogsConfig = z.output<typeof logsSchema>;
export type NetworkConfig = z.output<typeof networkSchema>;
