/** `fleet prune`: old releases go from a group's template, and from the bucket. Never fails an `up`: at worst more stays than is needed. */
import { text } from "node:stream/consumers";
import { exitCodes } from "../errors.ts";
import { pruneApi } from "../prune/api.ts";
import { type InUse, prune, prunedLine } from "../prune/drive.ts";
import { type PruneInput, pruneInputSchema } from "../prune/input.ts";
import { groupStateApi } from "../refresh/api.ts";

/** @param aheadMs as if it were so much later; for tests */
export async function pruneReleases({ ahead: aheadMs = 0 }: { ahead?: number }): Promise<number> {
  const input = pruneInputSchema.parse(JSON.parse(await text(process.stdin)));
  const say = (line: string): void => void process.stderr.write(`${input.fleet}: ${line}\n`);
  const line = await pruned(input, Date.now() + aheadMs).catch(failed);
  if (line !== undefined) say(line);
  process.stdout.write(JSON.stringify({ schema: 1 }));
  return exitCodes.ok;
}

const failed = ({ name, message }: Error): string => `old releases were not removed (${name}: ${message}); the next up tries again`;

async function pruned(input: PruneInput, nowMs: number): Promise<string | undefined> {
  return prunedLine(await prune(pruneApi(input), await inUse(input), { keepReleases: input.keepReleases, nowMs }));
}

/** Of machines with names nothing but the fleet's record, which pruning reads itself. */
async function inUse({ group: name, region, profile }: PruneInput): Promise<InUse> {
  if (name === undefined) return { group: undefined, refreshes: [] };
  const asked = groupStateApi({ group: name, region, profile });
  const [group, refreshes] = [await asked.group(), await asked.refreshes()];
  if (group === undefined) throw new Error(`there is no group ${name}`);
  return { group, refreshes };
}
