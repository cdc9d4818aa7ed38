/** `fleet recovery init`: stores and key into the stack's configuration, and the recovery code to the operator, once. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { relative } from "node:path";
import { parseRecoveryConfig } from "../../config/parse.ts";
import { exitCodes, FleetError } from "../../errors.ts";
import { newRecoveryKey } from "../../recovery/key.ts";
import { StoreFailure } from "../../recovery/store/files.ts";
import { openStore } from "../../recovery/store/open.ts";
import { fleetCommand } from "../command-words.ts";
import { placeOfStack, readRecoveryConfig, type StackPlace } from "./config-file.ts";
import { withRecovery } from "./config-text.ts";

export interface InitOptions {
  stack: string;
  /** Whether to make a recovery key. */
  key: boolean;
}

export async function init(stores: string[], { stack, key: wanted }: InitOptions): Promise<number> {
  const place = placeOfStack(process.cwd(), stack);
  parseRecoveryConfig({ stores });
  const before = readRecoveryConfig(place);
  for (const url of stores) await tryStore(url);
  const made = wanted && before?.key === undefined ? await newRecoveryKey() : undefined;
  const all = [...new Set([...(before?.stores ?? []), ...stores])];
  write(place, { stores: all, ...(made === undefined ? {} : { key: made.key }) });
  if (made !== undefined) process.stdout.write(codeText(made.code, place.name.stack));
  process.stdout.write(nextText(place, all, before?.key !== undefined));
  return exitCodes.ok;
}

/** Better now than after the first `up`. */
async function tryStore(url: string): Promise<void> {
  const store = await openStore(url);
  try {
    const probe = await store.putBytes(Buffer.from("fleetwright: can this store be written?\n"));
    await store.getBytes(probe);
    await store.delete(probe.sha256);
  } catch (error) {
    if (!(error instanceof StoreFailure)) throw error;
    throw new FleetError(`store ${url}: ${error.message}`, {
      kept: "everything; the configuration is as it was.",
      next: "mend that, and run the same command again. docs/recovery.md says what each kind of store needs.",
    });
  } finally {
    await store.close();
  }
}

function write({ configFile }: StackPlace, recovery: Parameters<typeof withRecovery>[1]): void {
  const text = existsSync(configFile) ? readFileSync(configFile, "utf8") : "";
  writeFileSync(configFile, withRecovery(text, recovery));
}

/** The code is shown here and never again. Pure. */
export function codeText(code: string, stack: string): string {
  return [
    `Recovery code of stack "${stack}". It is shown this once. Write it down or print it, and keep it away from the store:`,
    "",
    `    ${code}`,
    "",
    "Whoever has it and the store can read the stack's secrets. Without it, and without the passphrase or KMS key, nobody can.",
    "",
    "",
  ].join("\n");
}

function nextText({ configFile, name }: StackPlace, stores: readonly string[], hadKey: boolean): string {
  return [
    `Written to ${relative(process.cwd(), configFile)}: ${stores.length} store${stores.length === 1 ? "" : "s"}: ${stores.join(", ")}`,
    ...(hadKey ? ["The recovery key stays as it was; `fleet recovery key --rewrap` makes a new one."] : []),
    `Next: ${fleetCommand(`recovery push --stack ${name.stack}`)}      fills the store now; every fleet up does it from now on`,
    "",
  ].join("\n");
}
