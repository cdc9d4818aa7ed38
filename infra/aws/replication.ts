/** Each archive and manifest that is put into the bucket is also in another one, in a second region, some seconds to minutes later. */
import type { Bucket } from "@pulumi/aws/s3/bucket.js";
import { BucketReplicationConfig } from "@pulumi/aws/s3/bucketReplicationConfig.js";
import * as pulumi from "@pulumi/pulumi";
import type { ArtifactsConfig } from "../config/aws/regions.ts";
import type { Artifacts } from "./artifacts.ts";
import { type Grant, roleOf } from "./identity.ts";
import { childOf, type Scope } from "./scope.ts";

export interface ReplicationArgs {
  to: NonNullable<ArtifactsConfig["replicateTo"]>;
  artifacts: Artifacts;
  /** What the objects here are encrypted with. @default S3's own key */
  kmsKey: pulumi.Input<string> | undefined;
  /** Of the bucket here. */
  region: string;
}

export function replicate(scope: Scope, args: ReplicationArgs): void {
  const { to, artifacts } = args;
  const name = `${scope.fleet}-replication`;
  const description = `Replicates artifacts of ${scope.fleet}`;
  const role = roleOf(scope, name, { service: "s3.amazonaws.com", description, grants: grants(args) });
  const rules = FOLDERS.map((folder, index) => ruleOf(folder, index + 1, to));
  new BucketReplicationConfig(name, { bucket: artifacts.bucket.id, role: role.arn, rules }, childOf(scope, artifacts.ready));
}

/** What is named by its hash, and so is the same everywhere; what else is in the bucket is this stack's alone. */
const FOLDERS = ["archives", "manifests"];

/** What is removed here stays there: the other region prunes by itself, and a mistake here is none there. */
function ruleOf(folder: string, priority: number, { bucket, kmsKey }: ReplicationArgs["to"]) {
  const encrypted = {
    sourceSelectionCriteria: { sseKmsEncryptedObjects: { status: "Enabled" } },
    destination: { bucket, encryptionConfiguration: { replicaKmsKeyId: kmsKey ?? "" } },
  };
  return {
    id: folder,
    status: "Enabled",
    priority,
    filter: { prefix: `${folder}/` },
    deleteMarkerReplication: { status: "Disabled" },
    destination: { bucket },
    ...(kmsKey === undefined ? {} : encrypted),
  };
}

/** S3 guide, "Setting up permissions for live replication"; without the leave to remove anything there. */
function grants({ to, artifacts: { bucket }, kmsKey, region }: ReplicationArgs): Grant[] {
  return [
    { name: "replication-source", actions: ["s3:GetReplicationConfiguration", "s3:ListBucket"], resources: [bucket.arn] },
    {
      name: "replication-read",
      actions: ["s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging"],
      resources: [pulumi.interpolate`${bucket.arn}/*`],
    },
    { name: "replication-write", actions: ["s3:ReplicateObject", "s3:ReplicateTags"], resources: [pulumi.interpolate`${to.bucket}/*`] },
    ...(kmsKey === undefined || to.kmsKey === undefined ? [] : keyGrants(bucket, { kmsKey, region }, { kmsKey: to.kmsKey, ...to })),
  ];
}

/** S3 guide, "Replicating encrypted objects": by way of S3 only, and with a bucket key for this bucket only. */
function keyGrants(bucket: Bucket, here: KeyPlace, there: KeyPlace): Grant[] {
  const by = (region: string) => ({ "kms:ViaService": `s3.${region}.amazonaws.com` });
  const condition = bucket.arn.apply((arn) => ({
    StringLike: { ...by(here.region), "kms:EncryptionContext:aws:s3:arn": [arn, `${arn}/*`] },
  }));
  return [
    { name: "replication-decrypt", actions: ["kms:Decrypt"], resources: [here.kmsKey], condition },
    {
      name: "replication-encrypt",
      // A bucket key is itself made by GenerateDataKey.
      actions: ["kms:Encrypt", "kms:GenerateDataKey"],
      resources: [there.kmsKey],
      condition: { StringLike: by(there.region) },
    },
  ];
}

interface KeyPlace {
  kmsKey: pulumi.Input<string>;
  region: string;
}
