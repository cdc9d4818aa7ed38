/** The app's secrets in Secrets Manager, for machines that read them themselves, by their role. */
import { Secret } from "@pulumi/aws/secretsmanager/secret.js";
import { SecretVersion } from "@pulumi/aws/secretsmanager/secretVersion.js";
import * as pulumi from "@pulumi/pulumi";
import { childOf, type Scope, tagsOf } from "./scope.ts";

/** Where all values are, together: one version of one secret, so that a release names exactly its own. */
export interface StoredSecrets {
  arn: pulumi.Output<string>;
  versionId: pulumi.Output<string>;
}

export interface SecretsKeeping {
  /** Of the account's own; without it, Secrets Manager's. */
  kmsKey?: pulumi.Input<string> | undefined;
  /** Pulumi refuses to remove them. */
  protect: boolean;
}

/** @param values by name; undefined when there are none */
export function storeSecrets(
  scope: Scope,
  values: pulumi.Input<Record<string, string>> | undefined,
  { kmsKey, protect }: SecretsKeeping,
): StoredSecrets | undefined {
  if (values === undefined) return undefined;
  const { fleet } = scope;
  const name = `${fleet}-secrets`;
  const args = { description: `Secrets of ${fleet}`, kmsKeyId: kmsKey, tags: tagsOf(scope, name) };
  const secret = new Secret(name, args, { ...childOf(scope), protect });
  const secretString = pulumi.secret(values).apply((known) => JSON.stringify(known));
  // An older release names its own version, and may be gone back to.
  const version = new SecretVersion(name, { secretId: secret.id, secretString }, { ...childOf(scope), retainOnDelete: true });
  return { arn: secret.arn, versionId: version.versionId };
}
