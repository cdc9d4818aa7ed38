/** The passphrase of a stack that is brought back: the one at hand, or the one that the recovery code opens. */
import { existsSync, readFileSync } from "node:fs";
import type { RecoveryKey } from "./opened-key.ts";

/**
 * @param file where this stack's passphrase is kept on this computer, if it is
 * @param provider what encrypts the stack's secrets
 * @returns undefined where none is needed: a KMS opens the stack
 * @throws FleetError when there is neither a passphrase nor a code, or the code doesn't open the key
 */
export async function findPassphrase(key: RecoveryKey, provider: string, file?: string): Promise<string | undefined> {
  if (provider !== "passphrase") return undefined;
  return passphraseAtHand(file) ?? (await key.secrets()).passphrase;
}

/** @param file see `findPassphrase`; without one, the environment is looked at */
export function passphraseAtHand(file?: string): string | undefined {
  if (file === undefined) return givenPassphrase(process.env);
  return existsSync(file) ? readFileSync(file, "utf8").trim() : undefined;
}

/** As Pulumi looks for it. */
export function givenPassphrase({ PULUMI_CONFIG_PASSPHRASE, PULUMI_CONFIG_PASSPHRASE_FILE }: NodeJS.ProcessEnv): string | undefined {
  if (PULUMI_CONFIG_PASSPHRASE !== undefined) return PULUMI_CONFIG_PASSPHRASE;
  return PULUMI_CONFIG_PASSPHRASE_FILE ? readFileSync(PULUMI_CONFIG_PASSPHRASE_FILE, "utf8").trim() : undefined;
}
