/** A release: the app's code with its packages, one archive for each kind of machine. */
import { join } from "node:path";
import { hashOf, type WorkerCommand } from "../../runtime/manifest.ts";
import { cachePath } from "../cache.ts";
import { FleetError } from "../errors.ts";
import type { Target } from "../machines/machine.ts";
import { type Archive, archiveOnce } from "./archive.ts";
import { entryFiles } from "./detect.ts";
import { type NodeLock, nodePackages, readNodeLock } from "./node-modules.ts";
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
type Lock = { kind: "asgi"; python: PythonLock } | { kind: "node"; node: NodeLock | undefined };

/** What two machines must have in common to run the same archive: "x64-py3.13" for Python, "x64" for Node. */
export function targetKey(command: WorkerCommand, target: Target): string {
  return command.kind === "asgi" ? `${target.arch}-py${target.python}` : target.arch;
}

/**
 * Builds what isn't in the cache; with everything there, it only hashes the source.
 *
 * The id does not depend on the targets: a machine that joins, or can't be asked just now, changes nothing for the others.
 * @throws FleetError when the entry isn't part of the release, the lock file is missing or incomplete, or packages can't be had
 */
export async function buildRelease(app: { dir: string; command: WorkerCommand }, targets: readonly Target[], say: Say): Promise<Release> {
  const source = await readSource(app, say);
  const lock = readLock(app);
  const id = releaseId(lock, source);
  const archives: Record<string, Archive> = {};
  for (const target of targets) {
    const key = targetKey(app.command, target);
    archives[key] ??= await archiveOnce(cachePath("releases", id, key), {
      entries: async () => {
        const packages = await readPackages(app.dir, lock, target, say);
        say(`packing the release ${id.slice(0, 12)} for ${key}`);
        const about = { id, kind: app.command.kind, target: key };
        return [textEntry("release.json", `${JSON.stringify(about)}\n`), ...under("app", source), ...packages];
      },
      check: () => {
        if (releaseId(lock, source) !== id) throw changedMeanwhile(app.dir, id);
      },
    });
  }
  return { id, kind: app.command.kind, archives };
}

function releaseId(lock: Lock, source: readonly Entry[]): string {
  const files = lock.kind === "asgi" ? lock.python.files : (lock.node?.files ?? []);
  return hashOf({ recipe: RECIPE, kind: lock.kind, lock: files, source: fingerprint(source) });
}

async function readSource(app: { dir: string; command: WorkerCommand }, say: Say): Promise<Entry[]> {
  const { files, withheld } = await listSource(app.dir);
  if (withheld.length > 0) say(`not part of the release, as it may hold secrets: ${withheld.join(", ")}`);
  requireListed(app, files);
  return files.map((path) => readEntry(app.dir, path));
}

/** A compiled entry exists in the folder, but git often ignores it. */
function requireListed({ dir, command }: { dir: string; command: WorkerCommand }, files: readonly string[]): void {
  const entries = entryFiles(command);
  if (entries.some((path) => files.includes(path))) return;
  throw new FleetError(`The app's entry ${entries.join(" or ")} in ${dir} is ignored by git, so it isn't part of the release.`, {
    kept: "everything; nothing was created.",
    next: 'Take it back in with a .gitignore in the app\'s folder, for example with the line "!dist/".',
  });
}

function readLock({ dir, command }: { dir: string; command: WorkerCommand }): Lock {
  return command.kind === "asgi" ? { kind: "asgi", python: readPythonLock(dir) } : { kind: "node", node: readNodeLock(dir) };
}

async function readPackages(dir: string, lock: Lock, target: Target, say: Say): Promise<Entry[]> {
  if (lock.kind === "asgi") {
    const { arch, python } = target;
    if (python === undefined)
      throw new FleetError("An ASGI app can't be built for a machine without Python.", { next: "Install python3 on the machine." });
    return under("python", readTree(await pythonPackages(dir, lock.python, { arch, python }, say)));
  }
  if (lock.node === undefined) return [];
  return under(join("app", "node_modules"), readTree(await nodePackages(dir, lock.node, target.arch, say)));
}

function changedMeanwhile(dir: string, id: string): FleetError {
  return new FleetError(`Files in ${dir} changed while the release ${id.slice(0, 12)} was packed.`, {
    kept: "everything; nothing was sent to a machine.",
    next: "Run this again.",
  });
}
