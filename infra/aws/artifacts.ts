/** The bucket that machines fetch from: private, versioned, encrypted, and by TLS only. */
import { Bucket } from "@pulumi/aws/s3/bucket.js";
import { BucketLifecycleConfiguration } from "@pulumi/aws/s3/bucketLifecycleConfiguration.js";
import { BucketObjectv2 } from "@pulumi/aws/s3/bucketObjectv2.js";
import { BucketPolicy } from "@pulumi/aws/s3/bucketPolicy.js";
import { BucketPublicAccessBlock } from "@pulumi/aws/s3/bucketPublicAccessBlock.js";
import { BucketServerSideEncryptionConfiguration } from "@pulumi/aws/s3/bucketServerSideEncryptionConfiguration.js";
import { BucketVersioning } from "@pulumi/aws/s3/bucketVersioning.js";
import * as pulumi from "@pulumi/pulumi";
import { childOf, type Scope, tagsOf } from "./scope.ts";

export interface Artifacts {
  bucket: Bucket;
  /** What must be there before something is put into it. */
  ready: pulumi.Resource[];
}

export interface ArtifactsArgs {
  /** Of the account's own; without it, S3's key. */
  kmsKey?: pulumi.Input<string> | undefined;
  /** Pulumi refuses to remove it. */
  protect: boolean;
}

export function artifactsOf(scope: Scope, { kmsKey, protect }: ArtifactsArgs): Artifacts {
  const { fleet } = scope;
  const name = `${fleet}-artifacts`;
  // All that is in it can be built again from the source: unless somebody says so, it shall not keep a stack from being removed.
  const bucket = new Bucket(name, { forceDestroy: !protect, tags: tagsOf(scope, name) }, { ...childOf(scope), protect });
  const of = { bucket: bucket.id };
  const rule = kmsKey === undefined ? { sseAlgorithm: "AES256" } : { sseAlgorithm: "aws:kms", kmsMasterKeyId: kmsKey };
  const encrypted = { ...of, rules: [{ applyServerSideEncryptionByDefault: rule, bucketKeyEnabled: kmsKey !== undefined }] };
  const closed = new BucketPublicAccessBlock(name, { ...of, ...CLOSED }, childOf(scope));
  return {
    bucket,
    ready: [
      closed,
      new BucketServerSideEncryptionConfiguration(name, encrypted, childOf(scope)),
      new BucketVersioning(name, { ...of, versioningConfiguration: { status: "Enabled" } }, childOf(scope)),
      new BucketLifecycleConfiguration(name, { ...of, rules: [LEFTOVERS] }, childOf(scope)),
      // Two changes of a bucket's access at the same moment are refused.
      new BucketPolicy(name, { ...of, policy: bucket.arn.apply(onlyByTls) }, childOf(scope, [closed])),
    ],
  };
}

const CLOSED = { blockPublicAcls: true, blockPublicPolicy: true, ignorePublicAcls: true, restrictPublicBuckets: true };

const LEFTOVERS = {
  id: "leftovers",
  status: "Enabled",
  filter: { prefix: "" },
  // What pruning removed can be brought back for so long.
  noncurrentVersionExpiration: { noncurrentDays: 30 },
  expiration: { expiredObjectDeleteMarker: true },
  abortIncompleteMultipartUpload: { daysAfterInitiation: 7 },
};

function onlyByTls(arn: string): string {
  const statement = {
    Effect: "Deny",
    Principal: "*",
    Action: "s3:*",
    Resource: [arn, `${arn}/*`],
    Condition: { Bool: { "aws:SecureTransport": "false" } },
  };
  return JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
}

/** Something in the bucket, under its own hash. */
export interface Artifact {
  /** For example `archives` or `manifests`. */
  folder: string;
  sha256: pulumi.Input<string>;
  content: { path: pulumi.Input<string> } | { text: pulumi.Input<string> };
}

/**
 * Puts it there; one that takes its place has another key. The old one stays: a machine of an older template version may need it, and
 * going back to that version is a rollback. `fleet prune` removes it when no version is left that names it.
 */
export function artifactObject(scope: Scope, { bucket, ready }: Artifacts, what: string, artifact: Artifact): BucketObjectv2 {
  const { folder, sha256, content } = artifact;
  const source = "path" in content ? { source: pulumi.output(content.path).apply(asset), sourceHash: sha256 } : { content: content.text };
  const args = { bucket: bucket.id, key: pulumi.interpolate`${folder}/${sha256}`, ...source };
  return new BucketObjectv2(`${scope.fleet}-${what}`, args, { ...childOf(scope, ready), retainOnDelete: true });
}

const asset = (path: string) => new pulumi.asset.FileAsset(path);
