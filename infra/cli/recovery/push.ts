/** `fleet recovery push`: the stores filled as they are after every `up`. */
import { exitCodes } from "../../errors.ts";
import { fleetCommand } from "../command-words.ts";
import { placeOfStack, requireRecoveryConfig } from "./config-file.ts";
import { outcomeLine, putBy } from "./put-by.ts";

export interface PushCommandOptions {
  stack: string;
  /** Reads what is there already, and replaces what is spoiled. */
  verify?: boolean;
  json?: boolean;
}

export async function pushCommand({ stack, verify, json = false }: PushCommandOptions): Promise<number> {
  const place = placeOfStack(process.cwd(), stack);
  const outcomes = await putBy(place, requireRecoveryConfig(place), "push", verify);
  if (json) process.stdout.write(`${JSON.stringify(outcomes.map(essence))}\n`);
  else for (const outcome of outcomes) process.stdout.write(`${outcomeLine(outcome)}\n`);
  const failed = outcomes.some(({ state }) => state === "failed");
  if (!json) process.stdout.write(`${failed ? failure(stack) : verdict(stack)}\n`);
  return failed ? exitCodes.notPutBy : exitCodes.ok;
}

const verdict = (stack: string): string =>
  `Everything is put by. Next: ${fleetCommand(`recovery status --stack ${stack}`)}, and a drill now and then.`;

const failure = (stack: string): string =>
  `NOT every store was filled; each keeps its set of before. Next: mend the above, then ${fleetCommand(`recovery push --stack ${stack}`)}`;

function essence(outcome: Awaited<ReturnType<typeof putBy>>[number]) {
  if (outcome.state === "failed") return outcome;
  const { id, objects, bytes } = outcome.pushed;
  return { url: outcome.url, state: outcome.state, set: id, objects, bytes };
}
