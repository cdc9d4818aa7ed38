/** The stack's recovery key while it is brought back: opened by the recovery code, which is asked for once at most. */
import { askCode, CODE_VARIABLE } from "../cli/recovery/ask-code.ts";
import { exitCodes, FleetError } from "../errors.ts";
import { unwrapKey } from "./key.ts";
import { readSealedSecrets, type SealedSecrets } from "./sealed-secrets.ts";
import type { RecoverySet } from "./set.ts";
import type { RecoveryStore } from "./store/store.ts";

export class RecoveryKey {
  readonly #store: RecoveryStore;
  readonly #set: RecoverySet;
  #opened: Promise<string> | undefined;

  constructor(store: RecoveryStore, set: RecoverySet) {
    this.#store = store;
    this.#set = set;
  }

  /** Whether it opens without a question. */
  get atHand(): boolean {
    return this.#opened !== undefined || Boolean(process.env[CODE_VARIABLE]);
  }

  /** What opens everything that is sealed to the key. @throws FleetError when there is no key, no code, or the code isn't the key's */
  identity(): Promise<string> {
    this.#opened ??= this.#open();
    return this.#opened;
  }

  /** What the set has sealed. @throws FleetError when it has nothing, or there is no code */
  async secrets(): Promise<SealedSecrets> {
    const secrets = await readSealedSecrets(this.#store, this.#set, await this.identity());
    if (secrets === undefined) throw lost("the set was made before there was a recovery key");
    return secrets;
  }

  async #open(): Promise<string> {
    const { project, stack } = this.#set;
    const wrapped = await this.#store.readKey(this.#set);
    if (wrapped === undefined) throw lost(`the store has no recovery key of ${project}/${stack}`);
    if (!this.atHand && process.stdin.isTTY !== true) throw lost("there is nobody to ask for the recovery code");
    return unwrapKey(wrapped.toString("utf8"), await askCode());
  }
}

function lost(why: string): FleetError {
  return new FleetError(`what opens the stack's secrets isn't at hand, and ${why}.`, {
    kept: "everything; no machine was touched.",
    next: `set PULUMI_CONFIG_PASSPHRASE, or ${CODE_VARIABLE} to the code on the printed page, and run the same command again`,
    exitCode: exitCodes.usage,
  });
}
