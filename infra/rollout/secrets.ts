/** From values to what a plan and a manifest hold of them. Pure, but for a new key's randomness. */
import { randomBytes } from "node:crypto";
import { type Secrets, secretsTotalProblem, type SecretValues, secretValueProblem, secretVersion } from "../../runtime/secrets.ts";
import { exitCodes, FleetError } from "../errors.ts";

/** Configured secrets once every value is known. */
export type KnownSecrets = Record<string, { value: string; as: "environment" | "credential" }>;

/**
 * The values alone. They are checked here for what the configuration's check could not see yet: Outputs and promises.
 * @throws FleetError that names the secrets, and never a value
 */
export function secretValues(secrets: KnownSecrets): SecretValues {
  const values = Object.fromEntries(Object.entries(secrets).map(([name, { value }]) => [name, value]));
  const problems = Object.entries(values).flatMap(([name, value]) => {
    const problem = secretValueProblem(value);
    return problem === undefined ? [] : [`app.secrets.${name}: ${problem}`];
  });
  const total = problems.length > 0 ? undefined : secretsTotalProblem(values);
  if (total !== undefined) problems.push(`app.secrets: ${total}`);
  if (problems.length === 0) return values;
  throw new FleetError(problems.join("\n"), {
    kept: "everything; nothing was changed.",
    next: "mend the secrets above and run the same command again.",
    exitCode: exitCodes.usage,
  });
}

/** A machine's secrets as its manifest has them; undefined when there are none, so that such a manifest is as it always was. */
export function manifestSecrets(secrets: KnownSecrets, key: string): Secrets | undefined {
  const entries = Object.entries(secrets).map(([name, { value, as }]) => [name, { as, version: secretVersion(key, name, value) }] as const);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

/** For a machine that has no key yet. It keeps this one, once something is staged there, and reports it from then on. */
export function newSecretKey(): string {
  return randomBytes(32).toString("hex");
}
