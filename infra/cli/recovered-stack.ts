/** A stack that is brought back from the store: its files, its backend and its state, whatever of them is still there. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { LocalWorkspace, type Stack } from "@pulumi/pulumi/automation/index.js";
import { parse } from "yaml";
import { exitCodes, FleetError } from "../errors.ts";
import { pulumiEnvironment } from "../offline/tools.ts";
import { exportSchema, secretsProviderOf } from "../recovery/deployment.ts";
import { stateUnder } from "../recovery/secrets-provider.ts";
import { fleetValueOf } from "../recovery/stack-text.ts";
import { exportState, importState } from "./recovery/source.ts";
import { LOCAL_STACK, localFolder, openLocalStack, sayToStderr } from "./stacks.ts";
import { releaseStaleLocks } from "./stale-lock.ts";

/** Where a stack of the user's own has what it needs beside its file, relative to the project; the local one has its own folder. */
const RECOVERED_FOLDER = ".fleetwright/recovered";

/** What opens the stack from now on. */
export interface RecoveredPlace {
  stack: string;
  /** The stack's file. */
  stackFile: string;
  /** Pins, events and the state as it was. */
  folder: string;
  /** Where the passphrase is kept. */
  passphraseFile: string;
  backend: string;
}

export function placeOfStack(stack: string): RecoveredPlace {
  if (stack === LOCAL_STACK) {
    const folder = localFolder();
    const files = { stackFile: join(folder, `Pulumi.${stack}.yaml`), passphraseFile: join(folder, "passphrase") };
    return { stack, folder, ...files, backend: `file://${join(folder, "state")}` };
  }
  const folder = join(process.cwd(), RECOVERED_FOLDER, stack);
  const files = { stackFile: join(process.cwd(), `Pulumi.${stack}.yaml`), passphraseFile: join(folder, "passphrase") };
  const own = `file://${join(process.cwd(), RECOVERED_FOLDER, "state")}`;
  return { stack, folder, ...files, backend: backendOf(process.cwd(), process.env) ?? own };
}

/** The backend that was chosen by whoever runs this; undefined when nobody did. */
function backendOf(project: string, { PULUMI_BACKEND_URL, PULUMI_HOME }: NodeJS.ProcessEnv): string | undefined {
  if (PULUMI_BACKEND_URL) return PULUMI_BACKEND_URL;
  const file = parse(readFileSync(join(project, "Pulumi.yaml"), "utf8")) as { backend?: { url?: string } };
  if (file.backend?.url !== undefined) return file.backend.url;
  const credentials = join(PULUMI_HOME ?? join(homedir(), ".pulumi"), "credentials.json");
  return existsSync(credentials) ? (JSON.parse(readFileSync(credentials, "utf8")) as { current?: string }).current || undefined : undefined;
}

/** Writes the stack's file and passphrase; a file that differs is kept beside. @returns what to tell */
export function writeStackFiles(place: RecoveredPlace, text: string, passphrase: string | undefined): string[] {
  mkdirSync(place.folder, { recursive: true });
  if (passphrase !== undefined) writeFileSync(place.passphraseFile, passphrase, { mode: 0o600 });
  const before = existsSync(place.stackFile) ? readFileSync(place.stackFile, "utf8") : text;
  writeFileSync(place.stackFile, text);
  if (before === text) return [];
  const kept = join(place.folder, `Pulumi.${place.stack}.yaml.before`);
  writeFileSync(kept, before);
  return [`${place.stackFile} is now as it was in the store; what it was before is in ${kept}`];
}

const begunPath = ({ folder }: RecoveredPlace): string => join(folder, "begun.json");

/** A recovery of a set that began here. */
export interface Begun {
  set: string;
  atMs: number;
  ended: boolean;
}

/** Undefined when none of this set did. One that has not ended was killed. */
export function begunHere(place: RecoveredPlace, set: string): Begun | undefined {
  if (!existsSync(begunPath(place))) return undefined;
  const begun = JSON.parse(readFileSync(begunPath(place), "utf8")) as Begun;
  return begun.set === set ? begun : undefined;
}

/** Notes that it begins, or has ended. The time is that of the first one: what was changed since is its own work. */
export function noteBegun(place: RecoveredPlace, set: string, ended: boolean): void {
  mkdirSync(place.folder, { recursive: true });
  const atMs = begunHere(place, set)?.atMs ?? Date.now();
  writeFileSync(begunPath(place), JSON.stringify({ set, atMs, ended } satisfies Begun));
}

/**
 * Opens the stack, and makes it in its backend if it isn't there (any more).
 * @param secretsProvider what encrypts its secrets
 */
export async function openRecovered(place: RecoveredPlace, secretsProvider: string): Promise<Stack> {
  const { stack: stackName, backend } = place;
  if (backend.startsWith("file://")) {
    const folder = fileURLToPath(backend);
    mkdirSync(folder, { recursive: true });
    releaseStaleLocks(folder, sayToStderr);
  }
  try {
    if (stackName === LOCAL_STACK) {
      const value = fleetValueOf(readFileSync(place.stackFile, "utf8"));
      return await openLocalStack(value, async () => (await import("../program.ts")).deploy(process.cwd()));
    }
    const { env } = await pulumiEnvironment({ say: sayToStderr });
    Object.assign(process.env, env, variablesOf(place));
    return await LocalWorkspace.createOrSelectStack({ stackName, workDir: process.cwd() }, { secretsProvider });
  } catch (error) {
    throw error instanceof FleetError ? error : notOpened(place, secretsProvider, error as Error);
  }
}

/** What a shell needs to work on with the stack; the values are no secrets. */
export function variablesOf(place: RecoveredPlace): Record<string, string> {
  const given = process.env.PULUMI_CONFIG_PASSPHRASE !== undefined;
  return {
    PULUMI_BACKEND_URL: place.backend,
    ...(given || !existsSync(place.passphraseFile) ? {} : { PULUMI_CONFIG_PASSPHRASE_FILE: place.passphraseFile }),
  };
}

function notOpened({ stack, backend }: RecoveredPlace, secretsProvider: string, error: Error): FleetError {
  const lines = error.message.split("\n").filter((line) => /error|incorrect|denied/i.test(line));
  const wrongPassphrase = lines.some((line) => /incorrect passphrase|passphrase must be set/.test(line));
  const noKms = secretsProvider !== "passphrase" && lines.some((line) => /secrets \(code=|secrets manager|secrets provider/.test(line));
  const elsewhere = noKms ? `: ${secretsProvider} doesn't open its secrets.` : ` in ${backend}:`;
  const why = wrongPassphrase ? ": this isn't its passphrase." : elsewhere;
  return new FleetError(`stack "${stack}" can't be opened${why}`, {
    log: wrongPassphrase ? [] : lines.slice(0, 6),
    kept: "everything; no machine was touched.",
    next: nextWhenShut({ wrongPassphrase, noKms }),
    exitCode: exitCodes.failed,
  });
}

function nextWhenShut({ wrongPassphrase, noKms }: { wrongPassphrase: boolean; noKms: boolean }): string {
  if (wrongPassphrase) {
    return "set PULUMI_CONFIG_PASSPHRASE to the right one, or unset it and give the recovery code; then run the same command again";
  }
  if (noKms) {
    return "log in to its account; or, if the key is lost for good, add --secrets-provider passphrase, and have the recovery code at hand";
  }
  return "mend what it says, or set PULUMI_BACKEND_URL to another backend, such as a folder: file:///path";
}

/** What became of the state. */
export type StateOutcome = "kept" | "imported" | "started anew";

/** What of a `pulumi stack export` counts here. */
export interface Exported {
  version?: number;
  deployment?: { manifest?: { time?: string }; resources?: unknown[] };
}

/** What a state that is brought back is chosen by. */
export interface StateSource {
  /** The store's export; undefined when the machines are others, and it would only tell of those that are gone. */
  stored: string | undefined;
  /** What encrypts the stack's secrets now. */
  provider: string;
  /** Whether nothing opens what another provider has encrypted: then a state under it is of no use, however new. */
  othersLost: boolean;
}

/** A state that is there and not older than the store's stays; a lost or stale one is replaced, and kept beside. */
export async function restoreState(stack: Stack, place: RecoveredPlace, source: StateSource): Promise<StateOutcome> {
  const { stored, provider, othersLost } = source;
  const text = await exportState(stack, "encrypted");
  const now = JSON.parse(text) as Exported;
  const readable = !othersLost || secretsProviderOf(exportSchema.parse(now)) === (provider.split("?")[0] ?? provider);
  const choice = chooseState(now, stored === undefined ? undefined : (JSON.parse(stored) as Exported), readable);
  if (choice === "kept" || (choice === "started anew" && readable)) return choice;
  if (resourcesOf(now) > 0) writeFileSync(join(place.folder, "state-before.json"), text, { mode: 0o600 });
  await importState(stack, stored ?? emptyState(now, readFileSync(place.stackFile, "utf8")));
  return choice;
}

/** In the place of one that nothing opens any more. */
function emptyState(now: Exported, stackText: string): string {
  return JSON.stringify(stateUnder({ version: now.version ?? 3, deployment: { manifest: now.deployment?.manifest } }, stackText));
}

/** Pure. @param readable whether what encrypts the state that is there is at hand */
export function chooseState(now: Exported, stored: Exported | undefined, readable = true): StateOutcome {
  const empty = resourcesOf(now) === 0 || !readable;
  if (stored === undefined) return empty ? "started anew" : "kept";
  return empty || changedAt(now) < changedAt(stored) ? "imported" : "kept";
}

const resourcesOf = ({ deployment }: Exported): number => deployment?.resources?.length ?? 0;
const changedAt = ({ deployment }: Exported): number => Date.parse(deployment?.manifest?.time ?? "1970-01-01T00:00:00Z");
