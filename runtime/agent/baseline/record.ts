/** What was on the machine before its baseline was changed: kept until the rollout's confirm, so that everything can go back. */
import { rm } from "node:fs/promises";
import type { Agent } from "../context.ts";
import { readIfThere, writeAtomic } from "../files.ts";
import * as z from "../../zod.ts";

const changeSchema = z.object({
  schema: z.literal(1),
  /**
   * `trial`: it goes back by itself unless a new login comes through. `kept`: one did, or none was needed; it goes back with the
   * switch that it belongs to.
   */
  state: z.enum(["trial", "kept"]),
  /** Names the trial: a timer of an earlier one undoes nothing. */
  trial: z.string(),
  bootId: z.string(),
  /** Texts by path, null where there was no file. */
  before: z.record(z.string(), z.nullable(z.string())),
});
export type BaselineChange = z.infer<typeof changeSchema>;

type Place = Pick<Agent, "paths">;

export async function readChange({ paths }: Place): Promise<BaselineChange | undefined> {
  const text = await readIfThere(paths.baselineChange);
  if (text === undefined) return undefined;
  try {
    return changeSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

export const writeChange = ({ paths }: Place, change: BaselineChange): Promise<void> =>
  writeAtomic(paths.baselineChange, `${JSON.stringify(change)}\n`, { mode: 0o600 });

export const removeChange = ({ paths }: Place): Promise<void> => rm(paths.baselineChange, { force: true });
