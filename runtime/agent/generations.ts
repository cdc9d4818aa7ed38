/** Puts a generation in its folder. Immutable: named by the hash of what makes it, and whole or not there. */
import { mkdir, rename, rm, stat, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { canonicalJson, generationOf, type Manifest, manifestSchema } from "../manifest.ts";
import type { Agent } from "./context.ts";
import { renderEnvironmentFile } from "./environment.ts";
import { linkIfChanged, namesIn, readIfThere, temporaryBeside, temporaryPrefix, writeAtomic, writeIfChanged } from "./files.ts";
import { unitNames } from "./paths.ts";
import { appUser, renderGenerationUnit } from "./units.ts";
import { groupId } from "./users.ts";

/** Makes the folder and the unit file; neither has an effect until the switch. */
export async function makeGeneration(agent: Agent, manifest: Manifest): Promise<void> {
  const { paths } = agent;
  const app = manifest.app.name;
  const generation = generationOf(manifest);
  const folder = paths.generation(app, generation);
  if ((await readIfThere(join(folder, "manifest.json"))) === undefined) await makeFolder(agent, manifest, folder);
  else await mendFolder(agent, manifest, folder);
  await writeIfChanged(paths.unit(unitNames.generation(app, generation)), renderGenerationUnit(manifest), { mode: 0o644 });
}

async function makeFolder({ paths }: Agent, manifest: Manifest, folder: string): Promise<void> {
  const { name, release, environment } = manifest.app;
  const temporary = temporaryBeside(folder);
  await mkdir(dirname(folder), { recursive: true, mode: 0o755 });
  await mkdir(temporary, { mode: 0o755 });
  try {
    // The supervisor reads it as the app's user; nobody else may, as it holds the environment.
    await writeAtomic(join(temporary, "manifest.json"), `${canonicalJson(manifest)}\n`, { mode: 0o640, gid: await groupId(appUser(name)) });
    await writeAtomic(join(temporary, "environment"), renderEnvironmentFile(environment), { mode: 0o600 });
    await symlink(paths.release(name, release.id), join(temporary, "release"));
    await symlink(paths.runtime(manifest.runtime), join(temporary, "runtime"));
    await rename(temporary, folder);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
}

/** Nothing of ours changes it, but for what doesn't make the generation (HTTPS); what somebody else changed is put back. */
async function mendFolder({ paths }: Agent, manifest: Manifest, folder: string): Promise<void> {
  const { name, release, environment } = manifest.app;
  const gid = await groupId(appUser(name));
  await writeIfChanged(join(folder, "manifest.json"), `${canonicalJson(manifest)}\n`, { mode: 0o640, gid });
  await writeIfChanged(join(folder, "environment"), renderEnvironmentFile(environment), { mode: 0o600 });
  await linkIfChanged(join(folder, "release"), paths.release(name, release.id));
  await linkIfChanged(join(folder, "runtime"), paths.runtime(manifest.runtime));
}

/** The manifest that a generation was made from; undefined when there is no such generation. */
export async function generationManifest({ paths }: Pick<Agent, "paths">, app: string, generation: string): Promise<Manifest | undefined> {
  const text = await readIfThere(join(paths.generation(app, generation), "manifest.json"));
  return text === undefined ? undefined : manifestSchema.parse(JSON.parse(text));
}

export interface StoredGeneration {
  generation: string;
  release: string;
  /** Undefined for a release that has none of its own. */
  packages: string | undefined;
  madeAtMs: number;
}

/** All generations of an app on this machine. */
export async function storedGenerations(agent: Pick<Agent, "paths">, app: string): Promise<StoredGeneration[]> {
  const names = (await namesIn(agent.paths.generations(app))).filter((name) => !name.startsWith(temporaryPrefix));
  const found = names.map(async (generation) => {
    const manifest = await generationManifest(agent, app, generation).catch(() => undefined);
    const { mtimeMs } = await stat(agent.paths.generation(app, generation));
    return {
      generation,
      release: manifest?.app.release.id ?? "",
      packages: manifest?.app.release.packages?.id,
      madeAtMs: mtimeMs,
    };
  });
  return Promise.all(found);
}
