/** Secrets that are kept at AWS, in a configuration: where they are, and no value. */
import type { Input } from "@pulumi/pulumi";
import { z } from "zod";
import { PARAMETER, SECRET_ARN, VERSION_ID } from "../../runtime/secret-references.ts";
import { at, type Finding, when } from "./finding.ts";
import { leaf } from "./leaf.ts";

/** Problems repeat nothing that was given: somebody may have put the value there. */
const text = (pattern: RegExp, what: string) => leaf(z.string({ error: what }).regex(pattern, what)).optional();

export const referenceShape = {
  secretsManager: text(SECRET_ARN, "the whole ARN of a secret, with the six characters at its end"),
  /** Of the JSON object that the secret's text is. */
  key: z.string().min(1).max(256).optional(),
  /** Without it, the one that is current when a machine starts. */
  version: text(VERSION_ID, "the id of one of the secret's versions"),
  ssmParameter: text(PARAMETER, "a parameter's name or ARN; \":\" and a version's number or a label may follow"),
  /** That the value is encrypted with, where that isn't AWS's own. */
  kmsKey: text(/^arn:aws[a-z-]*:kms:/, "the ARN of a KMS key"),
};

const SOURCES = ["secretsManager", "ssmParameter"] as const;

interface Given {
  value?: unknown;
  secretsManager?: Input<string> | undefined;
  key?: string | undefined;
  version?: Input<string> | undefined;
  ssmParameter?: Input<string> | undefined;
  kmsKey?: Input<string> | undefined;
}

/** The ways in which it is kept elsewhere, or is meant to be. */
export function keptAs(given: Given): (keyof Given)[] {
  return [...SOURCES, "key", "version", "kmsKey"].filter((key) => given[key as keyof Given] !== undefined) as (keyof Given)[];
}

const OF_SECRETS_MANAGER = 'goes with "secretsManager"; a parameter\'s version follows its name, after ":"';

export function referenceFindings(given: Given): Finding[] {
  const [first, second] = SOURCES.filter((key) => given[key] !== undefined);
  const stray = keptAs(given).filter((key) => key === "kmsKey" || key === "key" || key === "version");
  if (first === undefined) return stray.map((key) => at(key, `goes with "secretsManager"${key === "kmsKey" ? ' or "ssmParameter"' : ""}`));
  return [
    ...when(given.value !== undefined, first, 'a secret has a value here or is kept at AWS, not both: remove this or "value"'),
    ...when(second !== undefined, second ?? "", 'give "secretsManager" or "ssmParameter", not both: a secret is kept in one place'),
    ...(["key", "version"] as const).flatMap((key) => when(first === "ssmParameter" && given[key] !== undefined, key, OF_SECRETS_MANAGER)),
  ];
}

/** Where a value is kept. */
export type SecretReferenceConfig = { kmsKey?: Input<string>; value?: undefined } & (
  | { secretsManager: Input<string>; key?: string; version?: Input<string>; ssmParameter?: undefined }
  | { ssmParameter: Input<string>; secretsManager?: undefined }
);

type Secrets = Readonly<Record<string, { value: unknown } | SecretReferenceConfig>>;

/** Those that are kept at AWS, by name. */
export function referredSecrets(secrets: Secrets): Record<string, SecretReferenceConfig> {
  return Object.fromEntries(Object.entries(secrets).flatMap(([name, secret]) => (isReference(secret) ? [[name, secret]] : [])));
}

const isReference = (secret: { value?: unknown } | SecretReferenceConfig): secret is SecretReferenceConfig => secret.value === undefined;

/**
 * What secrets that are kept at AWS and the fleet's machines must agree on. Paths begin at the fleet. Pure.
 * @param region of machines that read them themselves; undefined for others
 */
export function keptFindings(secrets: Secrets, provider: string, region: string | undefined): Finding[] {
  return Object.entries(referredSecrets(secrets)).flatMap(([name, reference]) =>
    SOURCES.flatMap((key) => {
      const where = reference[key];
      if (where === undefined) return [];
      const path = `app.secrets.${name}.${key}`;
      if (region === undefined) return [at(path, otherProvider(provider))];
      const found = typeof where === "string" ? regionIn(where) : undefined;
      return when(found !== undefined && found !== region, path, `is in ${found}, and the machines in ${region}: name its replica there`);
    }),
  );
}

function otherProvider(provider: string): string {
  const read = "is read by machines of a group (machines.provider: autoscaling) themselves";
  const mend = "a program can read it and give it as the value: aws.secretsmanager.getSecretVersionOutput, aws.ssm.getParameterOutput";
  if (provider === "ec2") return `${read}, and with "machines.delivery: ssm"; those of "ec2" are given values by SSH: ${mend}`;
  return `${read}; those of "${provider}" have no role at AWS: give the value`;
}

/** Undefined for a name, which is looked up in the group's region. */
const regionIn = (where: string): string | undefined => (where.startsWith("arn:") ? where.split(":")[3] : undefined);
