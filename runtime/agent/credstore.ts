/** The values of an app's secrets on this machine: a file a version, for root only, gone with the last generation that needs it. */
import { readdirSync, readFileSync } from "node:fs";
import { chmod, mkdir, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Manifest } from "../manifest.ts";
import { type Redact, redactor } from "../redact.ts";
import { secretVersion } from "../secrets.ts";
import type { Agent } from "./context.ts";
import { AgentFailure } from "./failure.ts";
import { namesIn, readIfThere, temporaryPrefix, writeAtomic } from "./files.ts";
import type { GivenSecrets } from "./given-secrets.ts";
import type { Paths } from "./paths.ts";

const OWN_FILE = /^[A-Za-z_][A-Za-z0-9_]*\.[0-9a-f]{32}$/;

/**
 * Writes the values that this machine lacks. A version that is there stays as it is: generations that run use it. But one that
 * somebody has altered, which a version of this machine's key can tell, is put back.
 * @throws AgentFailure when a value is neither here nor given, or another one than was given is here and no key says which is right
 */
export async function storeSecrets({ paths }: Pick<Agent, "paths">, { app }: Manifest, { values, key }: GivenSecrets): Promise<void> {
  const wanted = Object.entries(app.secrets ?? {});
  if (wanted.length === 0) return;
  await makeFolder(paths.credstore(app.name));
  const ownKey = await keepKey({ paths }, key);
  const missing: string[] = [];
  for (const [name, { version }] of wanted) {
    const path = paths.credential(app.name, name, version);
    const value = values[name];
    const there = await readIfThere(path);
    if (there === undefined && value === undefined) missing.push(name);
    const differs = value !== undefined && there !== value;
    if (differs && there !== undefined && !isVersionOf(value, name, version, ownKey ?? key)) throw sameVersion(name, path);
    if (differs) await writeAtomic(path, value, { mode: 0o600 });
    else if (there !== undefined) await chmod(path, 0o600);
  }
  if (missing.length > 0) throw valueMissing(missing);
}

/** Versions given by hand may be anything: of those, nothing is claimed. */
function isVersionOf(value: string, name: string, version: string, key: string | undefined): boolean {
  return key !== undefined && secretVersion(key, name, value) === version;
}

/** The key of the versions, for a machine that has none yet. @returns the key that the machine had before */
export async function keepKey({ paths }: Pick<Agent, "paths">, key: string | undefined): Promise<string | undefined> {
  const own = (await readIfThere(paths.secretKey))?.trim();
  if (key !== undefined && own === undefined) await writeAtomic(paths.secretKey, `${key}\n`, { mode: 0o600 });
  return own;
}

async function makeFolder(folder: string): Promise<void> {
  await mkdir(dirname(folder), { recursive: true, mode: 0o700 });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
}

function valueMissing(names: readonly string[]): AgentFailure {
  return new AgentFailure("secrets", `this machine has no value for ${names.join(", ")}, and none was given`, {
    kept: "everything that ran before; nothing was switched",
    next: 'Give {"manifest": …, "secrets": {NAME: value}} on stdin; the rollout does.',
  });
}

function sameVersion(name: string, path: string): AgentFailure {
  return new AgentFailure("secrets", `${name} is here with another value under the same version`, {
    kept: "everything that ran before; nothing was switched",
    next: `A version stands for one value: give the new value another version, or remove ${path} if no generation uses it.`,
  });
}

/** Removes what none of the app's generations names. While one of them can't be read, all stays. */
export async function pruneSecrets({ paths }: Pick<Agent, "paths">, app: string): Promise<void> {
  const stored = await namesIn(paths.credstore(app));
  if (stored.length === 0) return;
  const needed = await neededFiles(paths, app);
  const unneeded = stored.filter((file) => needed !== undefined && !needed.has(file));
  for (const name of unneeded) await rm(join(paths.credstore(app), name), { force: true });
}

/** Not by the manifest's schema: a generation of another version of ours counts, too. */
async function neededFiles(paths: Paths, app: string): Promise<Set<string> | undefined> {
  const generations = (await namesIn(paths.generations(app))).filter((name) => !name.startsWith(temporaryPrefix));
  try {
    const files = generations.map(async (generation) => {
      const manifest = JSON.parse(await readFile(join(paths.generation(app, generation), "manifest.json"), "utf8")) as Manifest;
      return Object.entries(manifest.app.secrets ?? {}).map(([name, { version }]) => `${name}.${version}`);
    });
    return new Set((await Promise.all(files)).flat());
  } catch {
    return undefined;
  }
}

/** Redacts every secret that this machine has, also those that come while it is in use. Without the right to read them it knows none. */
export function storedSecretsRedactor(paths: Pick<Paths, "credentials">): Redact {
  const fresh = freshRedactor(paths);
  return (text) => fresh()(text);
}

/** For many texts at once: redacts every secret that this machine has at the time of the call. */
export function freshRedactor({ credentials }: Pick<Paths, "credentials">): () => Redact {
  let known = "";
  let redact: Redact = (text) => text;
  return () => {
    const files = storedFiles(credentials);
    if (files.join("\n") !== known) {
      redact = redactor(files.map((path) => unlessGone(() => readFileSync(path, "utf8"), "")));
      known = files.join("\n");
    }
    return redact;
  };
}

/** systemd and others keep theirs in the same place: only what has the look of ours is read. */
function storedFiles(credentials: string): string[] {
  const apps = unlessGone(() => readdirSync(credentials, { withFileTypes: true }), []).filter((entry) => entry.isDirectory());
  return apps.flatMap(({ name: app }) =>
    unlessGone(() => readdirSync(join(credentials, app)), [])
      .filter((name) => OWN_FILE.test(name))
      .map((name) => join(credentials, app, name)),
  );
}

function unlessGone<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
