/** A release: the app's code and its packages, an archive of each for each kind of machine. */
import { hashOf, type WorkerCommand } from "../../runtime/manifest.ts";
import { cachePath } from "../cache.ts";
import { FleetError } from "../errors.ts";
import type { Target } from "../machines/machine.ts";
import { type Archive, archiveOnce } from "./archive.ts";
import { type AppCode, carriesPython } from "./ecosystems.ts";
import { entryFiles } from "./entry.ts";
import { type Locks, lockFiles, type Packages, packPackages, readLocks, readPackages } from "./packages.ts";
import { listSource } from "./source.ts";
import { type Entry, fingerprint, readEntry, textEntry, under } from "./tree.ts";

export interface Release {
  /** sha256 of the inputs: names the release's folder on a machine. */
  id: string;
  kind: WorkerCommand["kind"];
  /** The code, by `targetKey`. */
  archives: Record<string, Archive>;
  /** By `targetKey`; without any where the app has none. */
  packages: Record<string, Packages>;
}

/** Bumped when the same inputs are to give another archive. */
const RECIPE = 2;

type Say = (line: string) => void;

/** `whole`: packages and code in one archive, for machines that are always new and have no packages from before. */
export type Shape = "parts" | "whole";

/** What two machines must have in common to run the same archive: "x64-py3.13" with Python packages, "x64" without. */
export function targetKey(app: AppCode, target: Target): string {
  return carriesPython(app) ? `${target.arch}-py${target.python}` : target.arch;
}

/**
 * Builds what isn't in the cache; with everything there, it only hashes the source.
 *
 * The id does not depend on the targets: a machine that joins, or can't be asked just now, changes nothing for the others.
 * @throws FleetError when the entry isn't part of the release, the lock file is missing or incomplete, or packages can't be had
 */
export async function buildRelease(app: AppCode, targets: readonly Target[], say: Say, shape: Shape = "parts"): Promise<Release> {
  const source = await readSource(app, say);
  const locks = readLocks(app);
  const id = releaseId(app, locks, source);
  const whole = shape === "whole";
  const archives: Release["archives"] = {};
  const packages: Release["packages"] = {};
  for (const target of targets) {
    const key = targetKey(app, target);
    if (archives[key] !== undefined) continue;
    // First: what stops a build is found before anything is packed.
    const packed = whole ? undefined : await packPackages(app.dir, locks, target, key, say);
    if (packed !== undefined) packages[key] = packed;
    const more = async (): Promise<Entry[]> => (whole ? readPackages(app.dir, locks, target, say) : []);
    archives[key] = await packCode(app, { id, key, source, more, whole, say }, () => releaseId(app, locks, source));
  }
  return { id, kind: app.command.kind, archives, packages };
}

interface Code {
  id: string;
  key: string;
  source: readonly Entry[];
  /** What is in it beside the code. */
  more: () => Promise<Entry[]>;
  whole: boolean;
  say: Say;
}

/** @param idNow the release's id by what the files hold now */
function packCode(app: AppCode, { id, key, source, more, whole, say }: Code, idNow: () => string): Promise<Archive> {
  return archiveOnce(cachePath("releases", id, whole ? `${key}-whole` : key), {
    entries: async () => {
      const packages = await more();
      say(`packing the release ${id.slice(0, 12)} for ${key}`);
      const about = { id, kind: app.command.kind, target: key };
      return [textEntry("release.json", `${JSON.stringify(about)}\n`), ...under("app", source), ...packages];
    },
    check: () => {
      if (idNow() !== id) throw changedMeanwhile(app.dir, id);
    },
  });
}

function releaseId({ command }: AppCode, locks: Locks, source: readonly Entry[]): string {
  return hashOf({ recipe: RECIPE, kind: command.kind, lock: lockFiles(locks), source: fingerprint(source) });
}

async function readSource(app: AppCode, say: Say): Promise<Entry[]> {
  const { files, withheld } = await listSource(app.dir);
  if (withheld.length > 0) say(`not part of the release, as it may hold secrets: ${withheld.join(", ")}`);
  requireListed(app, files);
  return files.map((path) => readEntry(app.dir, path));
}

/** A compiled entry exists in the folder, but git often ignores it. */
function requireListed({ dir, command }: AppCode, files: readonly string[]): void {
  const entries = entryFiles(command);
  if (entries.length === 0 || entries.some((path) => files.includes(path))) return;
  throw new FleetError(`The app's entry ${entries.join(" or ")} in ${dir} is ignored by git, so it isn't part of the release.`, {
    kept: "everything; nothing was created.",
    next: 'Take it back in with a .gitignore in the app\'s folder, for example with the line "!dist/".',
  });
}

function changedMeanwhile(dir: string, id: string): FleetError {
  return new FleetError(`Files in ${dir} changed while the release ${id.slice(0, 12)} was packed.`, {
    kept: "everything; nothing was sent to a machine.",
    next: "Run this again.",
  });
}
