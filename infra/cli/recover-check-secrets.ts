/** What `fleet recover --check` says of the secrets: what will open them, asking nobody. */
import { FleetError } from "../errors.ts";
import { passphraseAtHand } from "../recovery/passphrase.ts";
import { providerOf } from "../recovery/secrets-provider.ts";
import { StoreFailure } from "../recovery/store/files.ts";
import { CODE_VARIABLE } from "./recovery/ask-code.ts";
import type { Prepared, RecoverOptions } from "./recover-prepared.ts";
import { LOCAL_STACK } from "./stacks.ts";

/** `opens`: what is at hand; `asks`: for the code; `shut`: nothing opens them. */
export interface SecretsSight {
  state: "opens" | "asks" | "shut";
  text: string;
}

export async function lookAtSecrets(prepared: Prepared, { secretsProvider }: RecoverOptions): Promise<SecretsSight> {
  const { key, chosen, place, stackText } = prepared;
  const provider = providerOf(stackText, chosen.named.set.secretsProvider);
  const needsCode = secretsProvider !== undefined;
  if (!needsCode && provider !== "passphrase") return { state: "opens", text: `the secrets: ${provider} opens them` };
  const file = place.stack === LOCAL_STACK ? place.passphraseFile : undefined;
  if (!needsCode && passphraseAtHand(file) !== undefined) return { state: "opens", text: "the secrets: by the passphrase that is at hand" };
  if (key.atHand) return opened(prepared);
  const passphrase = file ?? "PULUMI_CONFIG_PASSPHRASE";
  const others = needsCode || file !== undefined ? "" : `${passphrase} or `;
  if (await isSealed(prepared))
    return { state: "asks", text: `the secrets: it will ask for the recovery code; or set ${others}${CODE_VARIABLE}` };
  return {
    state: "shut",
    text: `the secrets: the store has nothing that a recovery code opens; what would is the passphrase, in ${passphrase}`,
  };
}

async function opened({ key }: Prepared): Promise<SecretsSight> {
  try {
    await key.secrets();
    return { state: "opens", text: "the secrets: the recovery code opens them" };
  } catch (error) {
    if (!(error instanceof FleetError || error instanceof StoreFailure)) throw error;
    return { state: "shut", text: `the secrets: ${error.message.split("\n")[0]}` };
  }
}

async function isSealed({ store, chosen }: Prepared): Promise<boolean> {
  const { set } = chosen.named;
  return set.files.some(({ kind }) => kind === "secrets") && (await store.readKey(set)) !== undefined;
}
