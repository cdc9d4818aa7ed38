/** Secrets in a configuration: a value alone, or with the way in which the app gets it. */
import { z } from "zod";
import { secretNameSchema, secretSchema, secretsTotalProblem, secretValueProblem } from "../../runtime/secrets.ts";
import type { Finding } from "./finding.ts";
import { isDeferred, leaf } from "./leaf.ts";

/** Problems are told as our own words only: zod's would repeat what was given. */
const secretText = z.custom<string>().superRefine((value, context) => {
  const message = secretValueProblem(value);
  if (message !== undefined) context.addIssue({ code: "custom", message });
});

const isGroup = (given: unknown): boolean => typeof given === "object" && given !== null && !Array.isArray(given) && !isDeferred(given);

/** A value by itself is short for a group with it. */
const secret = z.preprocess(
  (given) => (isGroup(given) ? given : { value: given }),
  z.strictObject({ value: leaf(secretText), as: z._default(secretSchema.shape.as, "environment") }),
);

/** Values by name. */
export const secretsSchema = z.record(secretNameSchema, secret).default({});

interface Keys {
  environment: Record<string, unknown>;
  secrets: Record<string, { value: unknown }>;
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
