/** The values of a confirmed generation's secrets, compared with what was confirmed. Reads only, and tells no value. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { generationOf, type Manifest } from "../manifest.ts";
import { secretVersion } from "../secrets.ts";
import type { Agent } from "./context.ts";
import { readIfThere } from "./files.ts";
import { type Paths, unitNames } from "./paths.ts";

/** What was seen of one secret. */
export interface SeenCredential {
  name: string;
  path: string;
  there: boolean;
  /** Another value than the one that was confirmed. */
  altered: boolean;
  /** Others than root may read it. */
  open: boolean;
  /** What runs was started with another value than the file has. */
  stale: boolean;
}

const wanted = (paths: Paths, { app }: Manifest): { name: string; path: string }[] =>
  Object.entries(app.secrets ?? {}).map(([name, { version }]) => ({ name, path: paths.credential(app.name, name, version) }));

/** By path: a hash of each value with the machine's key. None on a machine that has no key. */
export async function credentialHashes({ paths }: Pick<Agent, "paths">, manifest: Manifest): Promise<Record<string, string>> {
  const key = await machineKey(paths);
  if (key === undefined) return {};
  const found = await Promise.all(
    wanted(paths, manifest).map(async ({ name, path }) => {
      const value = await readIfThere(path);
      return value === undefined ? undefined : ([path, secretVersion(key, name, value)] as const);
    }),
  );
  return Object.fromEntries(found.filter((entry) => entry !== undefined));
}

/** @param confirmed hashes by path, as `credentialHashes` made them at the confirm */
export async function seeCredentials(
  { paths }: Pick<Agent, "paths">,
  manifest: Manifest,
  confirmed: Record<string, string>,
): Promise<SeenCredential[]> {
  const key = await machineKey(paths);
  const stale = await staleCredentials({ paths }, manifest);
  return Promise.all(
    wanted(paths, manifest).map(async ({ name, path }) => {
      const value = await readIfThere(path);
      const known = confirmed[path];
      const altered = value !== undefined && key !== undefined && known !== undefined && secretVersion(key, name, value) !== known;
      const mode = value === undefined ? 0 : (await stat(path)).mode;
      return { name, path, there: value !== undefined, altered, open: (mode & 0o077) !== 0, stale: stale.includes(name) };
    }),
  );
}

/** Secrets of which the manifest's generation, where it runs, has another value than the store: systemd copies them at its start. */
export async function staleCredentials({ paths }: Pick<Agent, "paths">, manifest: Manifest): Promise<string[]> {
  const unit = unitNames.generation(manifest.app.name, generationOf(manifest));
  const found = await Promise.all(
    wanted(paths, manifest).map(async ({ name, path }) => {
      const [stored, running] = await Promise.all([readIfThere(path), readIfThere(join(paths.runningCredentials(unit), name))]);
      return stored !== undefined && running !== undefined && stored !== running ? [name] : [];
    }),
  );
  return found.flat();
}

async function machineKey({ secretKey }: Paths): Promise<string | undefined> {
  return /^[0-9a-f]{64}$/.exec(((await readIfThere(secretKey)) ?? "").trim())?.[0];
}

/** For people. Pure. */
export function credentialDrift(seen: readonly SeenCredential[]): string[] {
  return seen.flatMap(({ name, path, there, altered, open, stale }) => [
    ...(there ? [] : [`the value of the secret ${name} is missing (${path})`]),
    ...(altered ? [`the value of the secret ${name} was changed (${path})`] : []),
    ...(open ? [`the value of the secret ${name} can be read by others than root (${path})`] : []),
    ...(stale ? [`the app runs with another value of the secret ${name} than is stored`] : []),
  ]);
}
