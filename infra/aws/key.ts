/** A key of the fleet's own for its volumes, artifacts and secrets: under one id in every region that has a replica. */
import { Grant } from "@pulumi/aws/kms/grant.js";
import { Key } from "@pulumi/aws/kms/key.js";
import { ReplicaKey } from "@pulumi/aws/kms/replicaKey.js";
import * as pulumi from "@pulumi/pulumi";
import type { KeyConfig } from "../config/aws/regions.ts";
import { childOf, type Scope, tagsOf } from "./scope.ts";

/** KMS's longest: so long somebody can notice that it is about to be gone, with all that it encrypted. */
const DELETION_WINDOW_DAYS = 30;

/** What Auto Scaling needs to start machines with encrypted volumes (its guide, "Required AWS KMS key policy"), as a grant has it. */
const OPERATIONS = [
  "Encrypt",
  "Decrypt",
  "ReEncryptFrom",
  "ReEncryptTo",
  "GenerateDataKey",
  "GenerateDataKeyWithoutPlaintext",
  "DescribeKey",
  "CreateGrant",
];

/** The ARN of the key, once Auto Scaling may use it. */
export function ownKey(scope: Scope, { replicaOf }: KeyConfig): pulumi.Output<string> {
  const name = `${scope.fleet}-key`;
  const common = { description: `Data of ${scope.fleet}`, deletionWindowInDays: DELETION_WINDOW_DAYS, tags: tagsOf(scope, name) };
  // Whatever is removed by mistake can be made again, but not this.
  const kept = { ...childOf(scope), protect: true };
  const key =
    replicaOf === undefined
      ? new Key(name, { ...common, multiRegion: true, enableKeyRotation: true }, kept)
      : new ReplicaKey(name, { ...common, primaryKeyArn: replicaOf }, kept);
  const granteePrincipal = key.arn.apply(scalingRole);
  const grant = new Grant(`${scope.fleet}-scaling`, { keyId: key.arn, granteePrincipal, operations: OPERATIONS }, childOf(scope));
  return pulumi.all([key.arn, grant.id]).apply(([arn]) => arn);
}

/** Auto Scaling's own role, in the account of a key. */
function scalingRole(keyArn: string): string {
  const [, partition, , , account] = keyArn.split(":");
  return `arn:${partition}:iam::${account}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling`;
}
