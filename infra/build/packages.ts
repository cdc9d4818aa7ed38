/**
 * A release's packages: an archive of their own for each kind of machine, as they change far less often than the code. A machine
 * that has them is sent the code only.
 */
import { join } from "node:path";
import { hashOf } from "../../runtime/manifest.ts";
import { cachePath } from "../cache.ts";
import { FleetError } from "../errors.ts";
import type { Target } from "../machines/machine.ts";
import { type Archive, archiveOnce } from "./archive.ts";
import { type AppCode, carriesNode, carriesPython } from "./ecosystems.ts";
import { type NodeLock, nodePackages, readNodeLock } from "./node-modules.ts";
import type { PythonTarget } from "./pip.ts";
import { pythonPackages } from "./python.ts";
import { type PythonLock, readPythonLock } from "./requirements.ts";
import { type Entry, readTree, textEntry, under } from "./tree.ts";

export interface Packages {
  /** sha256 of the lock files, the recipe and the target: names their folder on a machine. */
  id: string;
  archive: Archive;
}

/** What decides an app's packages. */
export interface Locks {
  python: PythonLock | undefined;
  node: NodeLock | undefined;
}

/** Bumped when the same lock files are to give another archive. */
const RECIPE = 1;

type Say = (line: string) => void;

/** @throws FleetError when a lock file is missing or incomplete */
export function readLocks(app: AppCode): Locks {
  return {
    python: carriesPython(app) ? readPythonLock(app.dir, serverOf(app)) : undefined,
    node: carriesNode(app) ? readNodeLock(app.dir) : undefined,
  };
}

/** A command brings a server of its own. */
function serverOf({ command }: AppCode): "asgi" | "wsgi" | undefined {
  return command.kind === "asgi" || command.kind === "wsgi" ? command.kind : undefined;
}

/** Paths and texts of the lock files, in one order. */
export function lockFiles({ python, node }: Locks): [path: string, text: string][] {
  return [...(python?.files ?? []), ...(node?.files ?? [])];
}

/**
 * Undefined for an app that has none.
 * @param key of the target: machines with the same one can share the archive
 * @throws FleetError when packages can't be had, or the lock files changed while they were packed
 */
export async function packPackages(dir: string, locks: Locks, target: Target, key: string, say: Say): Promise<Packages | undefined> {
  const { python, node } = locks;
  if ((python === undefined || python.pins.length === 0) && node === undefined) return undefined;
  const id = hashOf({ recipe: RECIPE, target: key, python: python?.files, node: node?.files });
  const archive = await archiveOnce(cachePath("packages", "packed", id), {
    entries: async () => {
      const entries = await readPackages(dir, locks, target, say);
      say(`packing the app's packages ${id.slice(0, 12)} for ${key}`);
      return [textEntry("packages.json", `${JSON.stringify({ id, target: key })}\n`), ...entries];
    },
  });
  return { id, archive };
}

/** Where they go in a release. @throws FleetError when they can't be had */
export async function readPackages(dir: string, { python, node }: Locks, target: Target, say: Say): Promise<Entry[]> {
  const none = python === undefined || python.pins.length === 0;
  const forPython = none ? [] : under("python", readTree(await pythonPackages(dir, python, withPython(target), say)));
  if (node === undefined) return forPython;
  return [...forPython, ...under(join("app", "node_modules"), readTree(await nodePackages(dir, node, target.arch, say)))];
}

function withPython({ arch, python }: Target): PythonTarget {
  if (python !== undefined) return { arch, python };
  throw new FleetError("A Python app can't be built for a machine without Python.", { next: "Install python3 on the machine." });
}
