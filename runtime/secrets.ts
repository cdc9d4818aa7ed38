/**
 * What both halves know of secrets: the manifest has their names and versions, values travel beside it on standard input
 * and live in the machine's credential store only. Pure.
 */
import { createHmac } from "node:crypto";
import * as z from "./zod.ts";

/** A secret is an environment variable, or a file of that name. */
export const secretNameSchema = z
  .string()
  .check(z.regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, "an environment variable's name: letters, digits and _, at most 128"));

export const secretVersionSchema = z.string().check(z.regex(/^[0-9a-f]{32}$/, "32 hexadecimal digits"));

/** A machine's key for versions: 32 random bytes in hexadecimal. */
export const secretKeySchema = z.string().check(z.regex(/^[0-9a-f]{64}$/, "64 hexadecimal digits"));

export const secretSchema = z.strictObject({
  /** `environment`: a variable of the workers. `credential`: the file `$CREDENTIALS_DIRECTORY/NAME`, for the app to read. */
  as: z.enum(["environment", "credential"]),
  /** Another value has another version: see `secretVersion`. */
  version: secretVersionSchema,
});

export type Secret = z.infer<typeof secretSchema>;

/** A manifest's secrets, by name. */
export const secretsSchema = z.record(secretNameSchema, secretSchema);
export type Secrets = z.infer<typeof secretsSchema>;

/** Values by name. */
export type SecretValues = Readonly<Record<string, string>>;

/**
 * Names a value without giving a hint of it: guesses can't be compared without the machine's key.
 * The secret's name is part of it, so that two secrets with the same value don't show that they have.
 */
export function secretVersion(key: string, name: string, value: string): string {
  return createHmac("sha256", Buffer.from(key, "hex")).update(`${name}=${value}`).digest("hex").slice(0, 32);
}

const LONGEST_BYTES = 64 * 1024;
/** systemd passes a unit 1 MiB of credentials at most; the kernel a process somewhat more of environment. */
const LONGEST_TOTAL_BYTES = 512 * 1024;

/** What is wrong with a value, for people and without the value; undefined when nothing is. */
export function secretValueProblem(value: unknown): string | undefined {
  if (value === undefined) return "is missing: give the secret as text";
  if (typeof value !== "string") return "must be text; in YAML, put it in quotes";
  if (value === "") return "is empty: give it a value, or remove it";
  if (!value.isWellFormed()) return "is not valid Unicode";
  if (value.includes("\0")) return "can't contain a NUL character";
  const bytes = Buffer.byteLength(value);
  return bytes > LONGEST_BYTES ? `has ${bytes} bytes; a secret can have ${LONGEST_BYTES}` : undefined;
}

/** The same for all together. */
export function secretsTotalProblem(values: SecretValues): string | undefined {
  const bytes = Object.values(values).reduce((sum, value) => sum + Buffer.byteLength(value), 0);
  return bytes > LONGEST_TOTAL_BYTES ? `have ${bytes} bytes together; it can be ${LONGEST_TOTAL_BYTES}` : undefined;
}
