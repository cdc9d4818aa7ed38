/** What opens the stack that is brought back: its own passphrase or KMS key, or, where those are lost, another secrets provider. */
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { exitCodes, FleetError } from "../errors.ts";
import { findPassphrase, givenPassphrase } from "../recovery/passphrase.ts";
import { configSecrets, providerOf, sameUnderAnother, stateUnder } from "../recovery/secrets-provider.ts";
import type { SealedSecrets } from "../recovery/sealed-secrets.ts";
import type { Prepared, RecoverOptions } from "./recover-prepared.ts";
import { begunHere, type RecoveredPlace } from "./recovered-stack.ts";
import { reencrypted } from "./reencrypt.ts";
import { LOCAL_STACK } from "./stacks.ts";

export interface StackSecrets {
  /** The stack's file, under the provider. */
  stackText: string;
  /** `passphrase`, or a KMS key's URL. */
  provider: string;
  passphrase: string | undefined;
  /** Whether nothing opens what another provider has encrypted. */
  othersLost: boolean;
  /** The store's state, under the provider. */
  state: () => Promise<string>;
  lines: string[];
}

/** @throws FleetError when there is nothing that opens the secrets */
export async function openSecrets(prepared: Prepared, { secretsProvider }: RecoverOptions): Promise<StackSecrets> {
  const { stackText, store, chosen, key, place } = prepared;
  const { set } = chosen.named;
  const before = providerOf(stackText, set.secretsProvider);
  if (secretsProvider !== undefined) return underAnother(prepared, secretsProvider, before);
  const passphrase = await findPassphrase(key, before, place.stack === LOCAL_STACK ? place.passphraseFile : undefined);
  const state = async (): Promise<string> => (await store.getBytes(set.state.object)).toString("utf8");
  return { stackText, provider: before, passphrase, othersLost: false, state, lines: [] };
}

async function underAnother(prepared: Prepared, provider: string, before: string): Promise<StackSecrets> {
  const { key, chosen, place, stackText } = prepared;
  const { plainState, plainConfig } = plainOf(await key.secrets(), before);
  const passphrase = provider === "passphrase" ? passphraseAnew(place) : undefined;
  const kept = keptText(prepared, provider);
  const { project, stack } = chosen.named.set;
  const secrets = configSecrets(stackText, plainConfig);
  const text = kept ?? (await reencrypted({ project, stack, text: stackText, secrets, provider, passphrase }));
  return {
    stackText: text,
    provider,
    passphrase,
    othersLost: true,
    state: async () => JSON.stringify(stateUnder(plainState, text)),
    lines: [
      `secrets: encrypted by ${provider} from now on, no longer by ${before}`,
      ...(passphrase === undefined ? [] : [`passphrase: in ${place.passphraseFile}; put it where you keep such things`]),
    ],
  };
}

function plainOf({ plainState, plainConfig }: SealedSecrets, before: string): { plainState: unknown; plainConfig: Record<string, string> } {
  if (plainState !== undefined && plainConfig !== undefined) return { plainState, plainConfig };
  throw new FleetError(`the stack's secrets are encrypted by ${before}, which the store has: nothing has to be encrypted anew.`, {
    kept: "everything; no machine was touched.",
    next: "run it without --secrets-provider; afterwards, pulumi stack change-secrets-provider takes another",
    exitCode: exitCodes.usage,
  });
}

/** The one at hand, or the one of a recovery of before, whose state may still be there; or a new one. */
function passphraseAnew({ stack, passphraseFile }: RecoveredPlace): string {
  const given = stack === LOCAL_STACK ? undefined : givenPassphrase(process.env);
  if (given !== undefined) return given;
  return existsSync(passphraseFile) ? readFileSync(passphraseFile, "utf8").trim() : randomBytes(24).toString("base64");
}

/** What a run of before from the same set has made of the stack's file: encrypted once more, it would differ for nothing. */
function keptText({ place, chosen, stackText }: Prepared, provider: string): string | undefined {
  if (begunHere(place, chosen.named.id) === undefined || !existsSync(place.stackFile)) return undefined;
  const there = readFileSync(place.stackFile, "utf8");
  return providerOf(there, "") === provider && sameUnderAnother(there, stackText) ? there : undefined;
}
