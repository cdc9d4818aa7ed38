/** Leave to read the secrets that are kept at AWS: exactly those, and no more of them than their values. */
import { getCallerIdentityOutput } from "@pulumi/aws/getCallerIdentity.js";
import * as pulumi from "@pulumi/pulumi";
import type { SecretReferenceConfig } from "../config/secret-references.ts";
import type { Grant } from "./identity.ts";
import type { Scope } from "./scope.ts";

export function referenceGrants({ parent }: Scope, region: string, references: Readonly<Record<string, SecretReferenceConfig>>): Grant[] {
  const all = Object.values(references);
  const account = all.some(({ ssmParameter }) => ssmParameter !== undefined) ? getCallerIdentityOutput({}, { parent }).accountId : "";
  const secrets = all.flatMap(({ secretsManager: arn }) => arn ?? []);
  const parameters = all.flatMap(({ ssmParameter: name }) =>
    name === undefined ? [] : [pulumi.all([name, account]).apply(([known, owner]) => parameterArn(known, region, owner))],
  );
  const keys = all.flatMap(({ kmsKey }) => kmsKey ?? []);
  return [
    { name: "kept-secrets", actions: ["secretsmanager:GetSecretValue"], resources: secrets },
    { name: "kept-parameters", actions: ["ssm:GetParameter"], resources: parameters },
    { name: "kept-keys", actions: ["kms:Decrypt"], resources: keys },
  ].filter(({ resources }) => resources.length > 0);
}

/** Without a version, which policies don't know (Systems Manager guide, "Restricting access to parameters using IAM policies"). */
export function parameterArn(given: string, region: string, account: string): string {
  if (given.startsWith("arn:")) return given.split(":").slice(0, 6).join(":");
  const [name = ""] = given.split(":");
  const partition = region.startsWith("cn-") ? "aws-cn" : region.startsWith("us-gov-") ? "aws-us-gov" : "aws";
  return `arn:${partition}:ssm:${region}:${account}:parameter/${name.replace(/^\//, "")}`;
}
