/** A release: the app's code with its packages, one archive for each kind of machine. */
import { join } from "node:path";
import { hashOf, type WorkerCommand } from "../../runtime/manifest.ts";
import { cachePath } from "../cache.ts";
import { FleetError } from "../errors.ts";
import type { Target } from "../machines/machine.ts";
import { type Archive, archiveOnce } from "./archive.ts";
import { type AppCode, carriesNode, carriesPython } from "./ecosystems.ts";
import { entryFiles } from "./entry.ts";
import { type NodeLock, nodePackages, readNodeLock } from "./node-modules.ts";
import type { PythonTarget } from "./pip.ts";
import { pythonPackages } from "./python.ts";
import { type PythonLock, readPythonLock } from "./requirements.ts";
import { listSource } from "./source.ts";
import { type Entry, fingerprint, readEntry, readTree, textEntry, under } from "./tree.ts";

export interface Release {
  /** sha256 of the inputs: names the release's folder on a machine. */
  id: string;
  kind: WorkerCommand["kind"];
  /** By `targetKey`. */
  archives: Record<string, Archive>;
}

/** Bumped when the same inputs are to give another archive. */
const RECIPE = 1;

type Say = (line: string) => void;
interface Locks {
  python: PythonLock | undefined;
  node: NodeLock | undefined;
}

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
export async function buildRelease(app: AppCode, targets: readonly Target[], say: Say): Promise<Release> {
  const source = await readSource(app, say);
  const locks = readLocks(app);
  const id = releaseId(app, locks, source);
  const archives: Record<string, Archive> = {};
  for (const target of targets) {
    const key = targetKey(app, target);
    archives[key] ??= await archiveOnce(cachePath("releases", id, key), {
      entries: async () => {
        const packages = await readPackages(app.dir, locks, target, say);
        say(`packing the release ${id.slice(0, 12)} for ${key}`);
        const about = { id, kind: app.command.kind, target: key };
        return [textEntry("release.json", `${JSON.stringify(about)}\n`), ...under("app", source), ...packages];
      },
      check: () => {
        if (releaseId(app, locks, source) !== id) throw changedMeanwhile(app.dir, id);
      },
    });
  }
  return { id, kind: app.command.kind, archives };
}

function releaseId({ command }: AppCode, { python, node }: Locks, source: readonly Entry[]): string {
  const files = [...(python?.files ?? []), ...(node?.files ?? [])];
  return hashOf({ recipe: RECIPE, kind: command.kind, lock: files, source: fingerprint(source) });
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

function readLocks(app: AppCode): Locks {
  return {
    python: carriesPython(app) ? readPythonLock(app.dir, serverOf(app)) : undefined,
    node: carriesNode(app) ? readNodeLock(app.dir) : undefined,
  };
}

/** A command brings a server of its own. */
function serverOf({ command }: AppCode): "asgi" | "wsgi" | undefined {
  return command.kind === "asgi" || command.kind === "wsgi" ? command.kind : undefined;
}

async function readPackages(dir: string, { python, node }: Locks, target: Target, say: Say): Promise<Entry[]> {
  const forPython = python === undefined || python.pins.length === 0 ? [] : under("python", readTree(await pythonPackages(dir, python, withPython(target), say)));
  if (node === undefined) return forPython;
  return [...forPython, ...under(join("app", "node_modules"), readTree(await nodePackages(dir, node, target.arch, say)))];
}

function withPython({ arch, python }: Target): PythonTarget {
  if (python !== undefined) return { arch, python };
  throw new FleetError("A Python app can't be built for a machine without Python.", { next: "Install python3 on the machine." });
}

function changedMeanwhile(dir: string, id: string): FleetError {
  return new FleetError(`Files in ${dir} changed while the release ${id.slice(0, 12)} was packed.`, {
    kept: "everything; nothing was sent to a machine.",
    next: "Run this again.",
  });
}
