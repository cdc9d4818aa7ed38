/** Secrets in a configuration: a value alone, or with the way in which the app gets it. */
import type { Input } from "@pulumi/pulumi";
import { z } from "zod";
import { type Secret, secretNameSchema, secretSchema, secretsTotalProblem, secretValueProblem } from "../../runtime/secrets.ts";
import { at, type Finding } from "./finding.ts";
import { isDeferred, leaf } from "./leaf.ts";
import { keptAs, referenceFindings, referenceShape, type SecretReferenceConfig } from "./secret-references.ts";

/** Problems are told as our own words only: zod's would repeat what was given. */
const secretText = z.custom<string>().superRefine((value, context) => {
  const message = secretValueProblem(value);
  if (message !== undefined) context.addIssue({ code: "custom", message });
});

const isGroup = (given: unknown): boolean => typeof given === "object" && given !== null && !Array.isArray(given) && !isDeferred(given);

const secretKeys = z.strictObject({
  value: leaf(secretText).optional(),
  ...referenceShape,
  as: z._default(secretSchema.shape.as, "environment"),
});

/** A value by itself is short for a group with it. */
const secret = z.preprocess(
  (given) => (isGroup(given) ? given : { value: given }),
  secretKeys.superRefine(oneSource).transform((given) => given as SecretConfig),
);

type SecretConfig = { as: Secret["as"] } & ({ value: Input<string> } | SecretReferenceConfig);

/** A value is given, or it is said where it is kept; not both. */
function oneSource(given: z.output<typeof secretKeys>, context: z.core.$RefinementCtx): void {
  const missing = given.value === undefined ? [at("value", secretValueProblem(undefined) ?? "is missing")] : [];
  const findings = keptAs(given).length > 0 ? referenceFindings(given) : missing;
  for (const finding of findings) context.addIssue({ code: "custom", input: given, ...finding });
}

/** Values by name, or where they are kept. */
export const secretsSchema = z.record(secretNameSchema, secret).default({});
export type SecretsConfig = z.output<typeof secretsSchema>;

/** Those whose values are given. */
export function givenSecrets(secrets: SecretsConfig): Record<string, { value: Input<string>; as: Secret["as"] }> {
  const given = Object.entries(secrets).flatMap(([name, { value, as }]) => (value === undefined ? [] : [[name, { value, as }] as const]));
  return Object.fromEntries(given);
}

interface Keys {
  environment: Record<string, unknown>;
  secrets: Record<string, { value?: unknown }>;
}

/** What secrets and other keys of the app must agree on. Pure. */
export function secretFindings({ environment, secrets }: Keys): Finding[] {
  const known = Object.entries(secrets).flatMap(([name, { value }]) => (typeof value === "string" ? [[name, value] as const] : []));
  const total = secretsTotalProblem(Object.fromEntries(known));
  const twice = Object.keys(secrets).filter((name) => name in environment);
  return [
    ...twice.map((name) => ({ path: ["environment", name], message: `is in "secrets", too; keep it there, and remove it here` })),
    ...(total === undefined ? [] : [{ path: ["secrets"], message: total }]),
  ];
}
