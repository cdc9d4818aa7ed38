/** Removes generations and releases that nobody goes back to any more. */
import { rename, rm } from "node:fs/promises";
import type { Agent } from "./context.ts";
import { pruneSecrets } from "./credstore.ts";
import { namesIn, temporaryBeside, temporaryPrefix } from "./files.ts";
import { storedGenerations } from "./generations.ts";
import { unitNames } from "./paths.ts";
import { type PrunePlan, planPrune } from "./prune-plan.ts";
import { observe } from "./systemd.ts";

/** @param needed Generations to keep beside those that are enabled or active. */
export async function prune(agent: Agent, app: string, needed: string[]): Promise<PrunePlan> {
  const { paths } = agent;
  const { enabled, active } = await observe(agent, app);
  const releases = (await namesIn(paths.releases(app))).filter((name) => !name.startsWith(temporaryPrefix));
  const plan = planPrune(await storedGenerations(agent, app), releases, [...needed, ...enabled, ...active]);
  for (const generation of plan.generations) {
    await rm(paths.unit(unitNames.generation(app, generation)), {
      force: true,
    });
    await remove(paths.generation(app, generation));
  }
  await pruneSecrets(agent, app);
  for (const id of plan.releases) await remove(paths.release(app, id));
  return plan;
}

/** Out of its place first: half a folder must not look like a whole one. */
async function remove(folder: string): Promise<void> {
  const temporary = temporaryBeside(folder);
  await rename(folder, temporary);
  await rm(temporary, { recursive: true, force: true });
}
