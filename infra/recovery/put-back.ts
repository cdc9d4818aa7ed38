/** Files that the store has beside the fleet, back to where they were on the operator's computer: only where they are missing. */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, normalize } from "node:path";
import { writeFile } from "node:fs/promises";
import { FleetError } from "../errors.ts";
import { backupFolder } from "../rollout/acme-backups.ts";
import { expandHome } from "../rollout/transports/ssh-arguments.ts";
import { openSealed } from "./key.ts";
import type { RecoveryKey } from "./opened-key.ts";
import type { RecoverySet } from "./set.ts";
import type { RecoveryStore } from "./store/store.ts";

type SetFile = RecoverySet["files"][number];

/** How it went with one file. */
export type PutBack = {
  state: "put" | "same" | "differs" | "sealed" | "foreign" | "wanting" | "elsewhere";
  kind: SetFile["kind"];
  path: string;
};

export interface PutBackOptions {
  store: RecoveryStore;
  key: RecoveryKey;
  /** Only looks what is missing. */
  check: boolean;
  /** Only what lies in the home, as a drill's own. */
  homeOnly: boolean;
}

/** @throws StoreFailure when the store can't be read; FleetError when its key can't be opened */
export async function putBackFiles(files: RecoverySet["files"], options: PutBackOptions): Promise<PutBack[]> {
  const outcomes: PutBack[] = [];
  for (const file of files) {
    const path = placeOfFile(file, process.env, homedir());
    if (path === undefined) continue;
    outcomes.push({ kind: file.kind, path, state: await putOne(file, path, options) });
  }
  return outcomes;
}

/** Undefined for what is no file of the operator's, or would lie outside of its folder. Pure but for the home. */
export function placeOfFile(
  { kind, name }: Pick<SetFile, "kind" | "name">,
  environment: NodeJS.ProcessEnv,
  home: string,
): string | undefined {
  if (kind === "secrets") return undefined;
  if (kind === "own") return expandHome(name);
  const inside = normalize(name);
  return inside.startsWith("..") || inside.startsWith("/") ? undefined : join(backupFolder(environment, home), inside);
}

async function putOne(file: SetFile, path: string, { store, key, check, homeOnly }: PutBackOptions): Promise<PutBack["state"]> {
  if (homeOnly && file.kind === "own" && !file.name.startsWith("~/")) return "elsewhere";
  const there = existsSync(path);
  if (there && (file.kind === "acme" || !key.atHand)) return "same";
  if (!there && check) return "wanting";
  if (file.kind === "own" && !key.atHand) return "sealed";
  const stored = await store.getBytes(file.object);
  const bytes = file.kind === "own" ? await opened(stored, await key.identity()) : stored;
  if (bytes === undefined) return there ? "same" : "foreign";
  if (there) return readFileSync(path).equals(bytes) ? "same" : "differs";
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  await writeFile(path, bytes, { mode: 0o600, flag: "wx" });
  return "put";
}

/** Undefined for what was sealed to a key of before: a file beside the fleet stops no recovery. */
async function opened(sealed: Uint8Array, identity: string): Promise<Buffer | undefined> {
  try {
    return await openSealed(sealed, identity);
  } catch (error) {
    if (error instanceof FleetError) return undefined;
    throw error;
  }
}

/** A line for each file of the operator's own, one for all certificates. Pure. */
export function putBackLines(outcomes: readonly PutBack[]): string[] {
  const own = outcomes.filter(({ kind }) => kind === "own").flatMap(({ path, state }) => ownLine(path, state) ?? []);
  const acme = acmeLine(outcomes, "put", "put back, as they were missing here");
  return [...own, ...acme, ...acmeLine(outcomes, "wanting", "missing here, would be put back")];
}

function acmeLine(outcomes: readonly PutBack[], state: PutBack["state"], text: string): string[] {
  const { length } = outcomes.filter((one) => one.kind === "acme" && one.state === state);
  return length === 0 ? [] : [`ACME certificates of ${length} machine${length === 1 ? "" : "s"}: ${text}`];
}

function ownLine(path: string, state: PutBack["state"]): string | undefined {
  switch (state) {
    case "put":
      return `${path}: put back, as it was missing here`;
    case "differs":
      return `WARNING: ${path} is another one than the store's, and stays; if the store's is wanted, move it away and run this again`;
    case "sealed":
      return `WARNING: ${path} is missing here, and sealed in the store: with FLEETWRIGHT_RECOVERY_CODE, this puts it back`;
    case "foreign":
      return `WARNING: ${path} is missing here, and sealed in the store to a key of before: bring it back by hand, or with the older code`;
    case "wanting":
      return `${path}: missing here, would be put back (with the recovery code)`;
    default:
      return undefined;
  }
}
