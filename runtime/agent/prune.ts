/** Removes generations, releases, packages and runtime bundles that nobody goes back to any more. */
import { readlink, rename, rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Agent } from "./context.ts";
import { pruneSecrets } from "./credstore.ts";
import { namesIn, readIfThere, temporaryBeside, temporaryPrefix } from "./files.ts";
import { generationManifest, storedGenerations } from "./generations.ts";
import { unitNames } from "./paths.ts";
import { type PrunePlan, planPrune, planRuntimes } from "./prune-plan.ts";
import { readPending, readState, recordedApps } from "./records.ts";
import { observe } from "./systemd.ts";
import { pruneTlsFiles } from "./tls-files.ts";

/** @param needed Generations to keep beside those that are enabled or active. */
export async function prune(agent: Agent, app: string, needed: string[]): Promise<PrunePlan> {
  const { paths } = agent;
  const { enabled, active } = await observe(agent, app);
  const whole = async (folder: string): Promise<string[]> => (await namesIn(folder)).filter((name) => !name.startsWith(temporaryPrefix));
  const stored = { releases: await whole(paths.releases(app)), packages: await whole(paths.allPackages(app)) };
  const plan = planPrune(await storedGenerations(agent, app), stored, [...needed, ...enabled, ...active]);
  for (const generation of plan.generations) {
    await rm(paths.unit(unitNames.generation(app, generation)), {
      force: true,
    });
    await remove(paths.generation(app, generation));
  }
  await pruneSecrets(agent, app);
  for (const id of plan.releases) await remove(paths.release(app, id));
  for (const id of plan.packages) await remove(paths.packages(app, id));
  await pruneRuntimes(agent);
  await pruneCaddies(agent);
  await pruneTls(agent);
  return plan;
}

/** Bundles that no generation of any app runs on, stored or under way, and that the agent isn't out of. */
export async function pruneRuntimes(agent: Agent): Promise<string[]> {
  const { paths } = agent;
  const ids = (await namesIn(paths.runtimes)).filter((name) => /^[0-9a-f]{64}$/.test(name));
  const found = await Promise.all(ids.map(async (id) => ({ id, changedAtMs: (await stat(paths.runtime(id))).ctimeMs })));
  const current = await readlink(paths.current).catch(() => "");
  const gone = planRuntimes(found, [...(await usedRuntimes(agent)), basename(current)], Date.now());
  for (const id of gone) await remove(paths.runtime(id));
  return gone;
}

async function usedRuntimes(agent: Agent): Promise<string[]> {
  const used: string[] = [];
  for (const app of await recordedApps(agent.paths)) {
    const stored = await storedGenerations(agent, app);
    const manifests = await Promise.all(stored.map(({ generation }) => generationManifest(agent, app, generation).catch(() => undefined)));
    const records = [(await readState(agent, app))?.manifest, (await readPending(agent, app))?.manifest];
    used.push(...[...manifests, ...records].flatMap((manifest) => (manifest === undefined ? [] : [manifest.runtime])));
  }
  return used;
}

/** While a record can't be read, all stays. */
async function pruneTls(agent: Agent): Promise<void> {
  const apps = await recordedApps(agent.paths);
  const states = await Promise.all(apps.map((app) => readState(agent, app)));
  const pendings = await Promise.all(apps.map((app) => readPending(agent, app)));
  if (states.includes(undefined)) return;
  await pruneTlsFiles(
    agent,
    [...states, ...pendings].flatMap((record) => (record === undefined ? [] : [record.manifest.https])),
  );
}

/** Binaries of Caddy but the one that its unit names: going back brings the other one from its bundle again. */
async function pruneCaddies({ paths }: Agent): Promise<void> {
  const unit = await readIfThere(paths.unit(unitNames.caddy));
  if (unit === undefined) return;
  for (const name of (await namesIn(paths.caddyBinaries)).filter((entry) => /^[0-9a-f]{16}$/.test(entry) && !unit.includes(`/${entry}/`))) {
    await remove(join(paths.caddyBinaries, name));
  }
}

/** Out of its place first: half a folder must not look like a whole one. */
async function remove(folder: string): Promise<void> {
  const temporary = temporaryBeside(folder);
  await rename(folder, temporary);
  await rm(temporary, { recursive: true, force: true });
}
