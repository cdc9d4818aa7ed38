/** Keys of a group that has another one in a second region, for the day that the first is lost. */
import { z } from "zod";
import { leaf } from "../leaf.ts";
import { arn } from "./common.ts";

const regionName = z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'a region, for example "eu-west-1"');

const MULTI_REGION_KEY = /^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/mrk-[0-9a-f]+$/;

/** A key of the fleet's own, in place of `kmsKey`: one that other regions may have, or such a one in another region. */
export const keySchema = z.strictObject({
  multiRegion: z.literal(true).optional(),
  replicaOf: leaf(z.string().regex(MULTI_REGION_KEY, 'the ARN of a multi-Region key: "arn:aws:kms:…:key/mrk-…"')).optional(),
});

const replicateToSchema = z.strictObject({
  /** The other stack's bucket: `pulumi stack output artifacts`. */
  bucket: leaf(z.string().regex(/^arn:aws[a-z-]*:s3:::[a-z0-9.-]{3,63}$/, 'the ARN of a bucket: "arn:aws:s3:::…"')),
  region: regionName,
  /** Its key, where this fleet has one, too. */
  kmsKey: arn("kms", "a KMS key").optional(),
});

/** Releases that stay where nothing else is said. */
export const KEPT_RELEASES = 10;

export const artifactsSchema = z
  .strictObject({
    replicateTo: replicateToSchema.optional(),
    /** Releases that can be gone back to; older ones are removed after a release. */
    keepReleases: z.int().min(2).max(1_000).default(KEPT_RELEASES),
  })
  .prefault({});

export type ArtifactsConfig = z.output<typeof artifactsSchema>;
export type KeyConfig = z.output<typeof keySchema>;
