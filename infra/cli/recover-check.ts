/** `fleet recover --check`: reads everything that a recovery would need, and changes nothing. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exitCodes } from "../errors.ts";
import { objectsOf, type StoredObject } from "../recovery/set.ts";
import { StoreFailure } from "../recovery/store/files.ts";
import type { RecoveryStore } from "../recovery/store/store.ts";
import { shellQuote } from "../shell.ts";
import { fleetCommand } from "./command-words.ts";
import { lookAtSecrets } from "./recover-check-secrets.ts";
import type { Prepared, RecoverOptions } from "./recover-prepared.ts";
import { commandLine } from "./recover-text.ts";

export async function checkStore(store: RecoveryStore, prepared: Prepared, options: RecoverOptions): Promise<number> {
  const { chosen, judgement } = prepared;
  const spoiled = await spoiledObjects(store, objectsOf(chosen.named.set));
  const secrets = await lookAtSecrets(prepared, options);
  const problems = [...spoiled, ...(secrets.state === "shut" ? [secrets.text] : []), ...judgement.refusals];
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  if (secrets.state !== "shut") say(`  ${secrets.text}`);
  for (const line of [...problems, ...judgement.touches.map((touch) => `would ask first: ${touch}`)]) say(`  ${line}`);
  if (problems.length === 0) say("A recovery could go ahead: everything it needs is in the store, whole. Nothing was changed.");
  else say("A recovery could NOT go ahead as things are. Nothing was changed.");
  const { check: _check, ...without } = options;
  say(problems.length === 0 ? `Next: ${commandLine(without)}` : `Next: ${mend(options)}`);
  return problems.length === 0 ? exitCodes.ok : exitCodes.failed;
}

const mend = ({ from, stack }: RecoverOptions): string =>
  `mend the above; or see what else is there: ${fleetCommand(`recovery status --from ${shellQuote(from)} --stack ${stack}`)}`;

/** Every one is read to its end. */
async function spoiledObjects(store: RecoveryStore, objects: readonly StoredObject[]): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "fleetwright-check-"));
  try {
    const problems: string[] = [];
    for (const object of objects) {
      const path = join(folder, object.sha256);
      const problem = await store.get(object, path).then(
        () => undefined,
        (error: unknown) => (error instanceof StoreFailure ? error.message : Promise.reject(error)),
      );
      if (problem !== undefined) problems.push(problem);
      rmSync(path, { force: true });
    }
    return problems;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
