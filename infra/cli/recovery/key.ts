/** `fleet recovery key`: opens what was sealed for the day the passphrase is lost, or gives the key a new code. */
import { readFileSync, writeFileSync } from "node:fs";
import { exitCodes, FleetError } from "../../errors.ts";
import { renewedKey, unwrapKey } from "../../recovery/key.ts";
import { readSealedSecrets, type SealedSecrets } from "../../recovery/sealed-secrets.ts";
import { openStore } from "../../recovery/store/open.ts";
import type { StackName } from "../../recovery/store/layout.ts";
import type { RecoveryStore } from "../../recovery/store/store.ts";
import { fleetCommand } from "../command-words.ts";
import { askCode } from "./ask-code.ts";
import { placeOfStack, requireRecoveryConfig } from "./config-file.ts";
import { withRecovery } from "./config-text.ts";
import { codeText } from "./init.ts";
import { stackInStore } from "./stack-in-store.ts";

export interface KeyOptions {
  stack: string;
  from?: string;
  rewrap?: boolean;
}

export async function key({ stack, from, rewrap = false }: KeyOptions): Promise<number> {
  if (rewrap) return rewrapKey(stack);
  const place = from === undefined ? placeOfStack(process.cwd(), stack) : undefined;
  const url = from ?? (place === undefined ? undefined : requireRecoveryConfig(place).stores[0]) ?? "";
  const store = await openStore(url);
  try {
    const name = place?.name ?? (await stackInStore(store, stack));
    process.stdout.write(textOf(await openNewest(store, name)));
    return exitCodes.ok;
  } finally {
    await store.close();
  }
}

async function openNewest(store: RecoveryStore, name: StackName): Promise<SealedSecrets> {
  const wrapped = await store.readKey(name);
  if (wrapped === undefined) throw none(name, "it has no recovery key");
  const identity = await unwrapKey(wrapped.toString("utf8"), await askCode());
  const [newest] = (await store.sets(name)).good;
  const secrets = newest === undefined ? undefined : await readSealedSecrets(store, newest.set, identity);
  if (secrets === undefined) throw none(name, "its newest set has nothing sealed in it");
  return secrets;
}

function none({ project, stack }: StackName, why: string): FleetError {
  return new FleetError(`the store can't give back the secrets of ${project}/${stack}: ${why}.`, {
    next: "while the passphrase is known: fleet recovery init, then fleet recovery push.",
  });
}

/** A passphrase alone is what `PULUMI_CONFIG_PASSPHRASE=$(…)` wants. Pure. */
function textOf(secrets: SealedSecrets): string {
  return secrets.passphrase === undefined ? `${JSON.stringify(secrets, undefined, 2)}\n` : `${secrets.passphrase}\n`;
}

/** The old code goes on opening what was put by before, and nothing that is from now on. */
async function rewrapKey(stack: string): Promise<number> {
  const place = placeOfStack(process.cwd(), stack);
  const config = requireRecoveryConfig(place);
  if (config.key === undefined) throw none(place.name, "it has no recovery key");
  const again = await renewedKey(await unwrapKey(config.key.wrapped, await askCode()));
  writeFileSync(place.configFile, withRecovery(readFileSync(place.configFile, "utf8"), { key: again.key }));
  process.stdout.write(codeText(again.code, stack));
  const about = "brings it into the store; until then, what is there opens with the code of before";
  process.stdout.write(`Next: ${fleetCommand(`recovery push --stack ${stack}`)}      ${about}\n`);
  return exitCodes.ok;
}
