/** A group's secrets: the values that are to be stored, and where machines find all of them. */
import * as pulumi from "@pulumi/pulumi";
import type { GroupSecrets } from "../runtime/group.ts";
import type { FleetConfig } from "./config/schema.ts";
import { referredSecrets, type SecretReferenceConfig } from "./config/secret-references.ts";
import { givenSecrets } from "./config/secrets.ts";
import { exitCodes, FleetError } from "./errors.ts";
import { secretValues } from "./rollout/secrets.ts";

/** Those that the configuration has, checked once they are known; undefined when it has none. */
export function groupValues({ app }: FleetConfig): pulumi.Output<Record<string, string>> | undefined {
  const given = givenSecrets(app.secrets);
  if (Object.keys(given).length === 0) return undefined;
  return pulumi.secret(given).apply((known) => fitting({ ...secretValues(known as Parameters<typeof secretValues>[0]) }));
}

/** Secrets Manager guide, "Quotas": length of a secret's value. */
const SECRETS_MANAGER_BYTES = 65_536;

function fitting(values: Record<string, string>): Record<string, string> {
  const bytes = Buffer.byteLength(JSON.stringify(values));
  if (bytes <= SECRETS_MANAGER_BYTES) return values;
  throw new FleetError(
    `app.secrets: they have ${bytes} bytes together; in a group it can be ${SECRETS_MANAGER_BYTES}, what Secrets Manager takes`,
    {
      kept: "everything; nothing was changed.",
      next: "keep large files elsewhere, and their key here; then run the same command again.",
      exitCode: exitCodes.usage,
    },
  );
}

/** Where the configuration's values have been put. */
interface Stored {
  arn: pulumi.Input<string>;
  versionId: pulumi.Input<string>;
}

/** Where all values are, for machines to read; undefined when the app has no secrets. */
export function groupSecrets({ app }: FleetConfig, secrets: Stored | undefined): pulumi.Output<GroupSecrets | undefined> {
  const names = Object.entries(app.secrets);
  if (names.length === 0) return pulumi.output(undefined);
  const as = Object.fromEntries(names.map(([name, secret]) => [name, secret.as]));
  const referred = Object.entries(referredSecrets(app.secrets)).map(([name, secret]) => [name, whereabouts(secret)]);
  return pulumi.output({ stored: secrets, references: Object.fromEntries(referred) }).apply(({ stored, references }) => ({
    ...(stored === undefined ? {} : { stored }),
    references: references as GroupSecrets["references"],
    as,
  }));
}

/** What a machine needs to know of it. */
function whereabouts(secret: SecretReferenceConfig): object {
  if (secret.ssmParameter !== undefined) return { ssmParameter: secret.ssmParameter };
  const { secretsManager, key, version } = secret;
  return { secretsManager, key, version };
}
