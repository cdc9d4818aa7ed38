/** What a set has sealed for the day when the passphrase or the KMS key is lost: kind `secrets` of its files. */
import { z } from "zod";
import type { RecoverySet } from "./set.ts";
import type { RecoveryStore } from "./store/store.ts";
import { openSealed } from "./key.ts";

export const sealedSecretsSchema = z.strictObject({
  schema: z.literal(1),
  project: z.string(),
  stack: z.string(),
  /** Of a stack with the provider `passphrase`. */
  passphrase: z.string().optional(),
  /** Of any other: `pulumi stack export --show-secrets`; imported into a stack of another provider, it is encrypted anew. */
  plainState: z.unknown().optional(),
  /** Of any other: the configuration's secrets in plain text, by key. */
  plainConfig: z.record(z.string(), z.string()).optional(),
});
export type SealedSecrets = z.infer<typeof sealedSecretsSchema>;

/** Undefined when the set has none: the stack had no recovery key then. @throws FleetError, StoreFailure */
export async function readSealedSecrets(store: RecoveryStore, set: RecoverySet, identity: string): Promise<SealedSecrets | undefined> {
  const file = set.files.find(({ kind }) => kind === "secrets");
  if (file === undefined) return undefined;
  const bytes = await openSealed(await store.getBytes(file.object), identity);
  return sealedSecretsSchema.parse(JSON.parse(bytes.toString("utf8")));
}
