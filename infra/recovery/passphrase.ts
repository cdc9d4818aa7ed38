/** The passphrase of a stack that is brought back: the one at hand, or the one that the recovery code opens. */
import { existsSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import { exitCodes, FleetError } from "../errors.ts";
import { readRecoveryCode } from "./code.ts";
import { unwrapKey } from "./key.ts";
import { readSealedSecrets, type SealedSecrets } from "./sealed-secrets.ts";
import type { RecoverySet } from "./set.ts";
import type { RecoveryStore } from "./store/store.ts";

/** Takes the recovery code where nobody can be asked. */
export const CODE_VARIABLE = "FLEETWRIGHT_RECOVERY_CODE";

/**
 * @param file where this stack's passphrase is kept on this computer, if it is
 * @returns undefined where none is needed: a KMS opens the stack
 * @throws FleetError when there is neither a passphrase nor a code, or the code doesn't open the key
 */
export async function findPassphrase(store: RecoveryStore, set: RecoverySet, file?: string): Promise<string | undefined> {
  if (file !== undefined && existsSync(file)) return readFileSync(file, "utf8").trim();
  if (file === undefined) {
    const given = givenPassphrase(process.env);
    if (given !== undefined) return given;
  }
  if (set.secretsProvider !== "passphrase" && !process.env[CODE_VARIABLE]) return undefined;
  return (await openSecrets(store, set)).passphrase;
}

function givenPassphrase({ PULUMI_CONFIG_PASSPHRASE, PULUMI_CONFIG_PASSPHRASE_FILE }: NodeJS.ProcessEnv): string | undefined {
  if (PULUMI_CONFIG_PASSPHRASE !== undefined) return PULUMI_CONFIG_PASSPHRASE;
  return PULUMI_CONFIG_PASSPHRASE_FILE ? readFileSync(PULUMI_CONFIG_PASSPHRASE_FILE, "utf8").trim() : undefined;
}

/** What the recovery code opens. */
async function openSecrets(store: RecoveryStore, set: RecoverySet): Promise<SealedSecrets> {
  const wrapped = await store.readKey(set);
  if (wrapped === undefined) throw lost(`the store has no recovery key of ${set.project}/${set.stack}`);
  const code = process.env[CODE_VARIABLE] ?? (await askForCode());
  if (code === undefined) throw lost("there is nobody to ask for the recovery code");
  const secrets = await readSealedSecrets(store, set, await unwrapKey(wrapped.toString("utf8"), readRecoveryCode(code)));
  if (secrets === undefined) throw lost("the set was made before there was a recovery key");
  return secrets;
}

async function askForCode(): Promise<string | undefined> {
  if (!process.stdin.isTTY) return undefined;
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await lines.question("The stack's recovery code, as it was printed: ");
  } finally {
    lines.close();
  }
}

function lost(why: string): FleetError {
  return new FleetError(`the stack's passphrase isn't at hand, and ${why}.`, {
    kept: "everything; no machine was touched.",
    next: `set PULUMI_CONFIG_PASSPHRASE, or ${CODE_VARIABLE} to the code on the printed page, and run the same command again`,
    exitCode: exitCodes.usage,
  });
}
