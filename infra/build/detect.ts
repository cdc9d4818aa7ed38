/** What an app's folder holds, and whether its entry module is there: found out before anything is created. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { commandSchema, type WorkerCommand } from "../../runtime/manifest.ts";
import { FleetError } from "../errors.ts";

/** What the configuration says; it wins over what is found. */
export interface Given {
  /** `module:attribute` of an ASGI app. */
  asgi?: string | undefined;
  /** A Node module, relative to the folder. */
  node?: string | undefined;
}

/** Tried in this order, each with the attribute `app`; the order in which FastAPI's own command line looks, and `asgi.py`. */
const asgiFiles = ["main.py", "app.py", "api.py", "asgi.py", "app/main.py", "app/app.py", "app/api.py"];

const nodeNames = ["server", "index", "app", "main"];
const nodeExtensions = ["ts", "mts", "js", "mjs", "cjs"];
const nodeFiles = nodeNames.flatMap((name) => nodeExtensions.map((extension) => `${name}.${extension}`));

const pythonMarks = ["requirements.txt", "pyproject.toml"];

/** @throws FleetError naming what was looked for, what is there, and the mend */
export function detectCommand(dir: string, given: Given = {}): WorkerCommand {
  if (!statSync(dir, { throwIfNoEntry: false })?.isDirectory()) {
    throw new FleetError(`The app's folder ${dir} does not exist.`, {
      kept: "everything; nothing was created.",
      next: 'Correct "app.dir".',
    });
  }
  const command =
    given.asgi !== undefined
      ? commandOf({ kind: "asgi", app: given.asgi })
      : given.node !== undefined
        ? commandOf({ kind: "node", module: given.node })
        : found(dir);
  requireEntry(command, dir);
  return command;
}

/** Paths of which one must exist for the command to start. The attribute itself is tried when the app boots. */
export function entryFiles(command: WorkerCommand): string[] {
  if (command.kind === "node") return [command.module];
  const path = command.app.split(":")[0]?.replaceAll(".", "/");
  return [`${path}.py`, `${path}/__init__.py`];
}

function requireEntry(command: WorkerCommand, dir: string): void {
  const files = entryFiles(command);
  if (files.some((path) => isFile(dir, path))) return;
  const name = command.kind === "asgi" ? command.app : command.module;
  throw new FleetError(`The app's entry "${name}" is missing: no ${files.join(" or ")} in ${dir}.`, {
    kept: "everything; nothing was created.",
    log: [`there: ${listing(dir)}`],
    next:
      command.kind === "asgi"
        ? 'Set "app.asgi" to the module and its attribute, for example "main:app", or correct "app.dir".'
        : 'Set "app.node" to the module, for example "server.ts", or build it first if it is compiled.',
  });
}

function found(dir: string): WorkerCommand {
  const asgi = pythonMarks.some((name) => isFile(dir, name)) ? asgiEntry(dir) : undefined;
  const node = nodeEntry(dir);
  if (asgi !== undefined && node !== undefined) {
    throw new FleetError(`${dir} holds both an ASGI app (${asgi}) and a Node app (${node}).`, {
      kept: "everything; nothing was created.",
      next: `Say which one to run: "app.asgi": "${asgi}", or "app.node": "${node}".`,
    });
  }
  if (asgi !== undefined) return commandOf({ kind: "asgi", app: asgi });
  if (node !== undefined) return commandOf({ kind: "node", module: node });
  throw new FleetError(`No app was found in ${dir}.`, {
    kept: "everything; nothing was created.",
    log: [
      `looked for: requirements.txt with ${asgiFiles.join(", ")}`,
      `looked for: "main" of package.json, ${nodeFiles.slice(0, 4).join(", ")} …`,
      `there: ${listing(dir)}`,
    ],
    next: 'Name the entry: "app.asgi", for example "shop.web:app", or "app.node", for example "src/server.ts".',
  });
}

function asgiEntry(dir: string): string | undefined {
  const file = asgiFiles.find((path) => isFile(dir, path));
  return file === undefined ? undefined : `${file.slice(0, -".py".length).replaceAll("/", ".")}:app`;
}

/** A `main` that isn't there is still what the author means: the missing file is then named. */
function nodeEntry(dir: string): string | undefined {
  const main = isFile(dir, "package.json") ? mainOf(join(dir, "package.json")) : undefined;
  return main ?? nodeFiles.find((path) => isFile(dir, path));
}

function mainOf(path: string): string | undefined {
  const { main } = readJson(path) as { main?: unknown };
  return typeof main === "string" ? main.replace(/^\.\//, "") : undefined;
}

/** @throws FleetError when the file isn't JSON */
export function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new FleetError(`${path} can't be read as JSON: ${(error as Error).message}`, { next: "Mend the file." });
  }
}

function commandOf(command: WorkerCommand): WorkerCommand {
  const parsed = commandSchema.safeParse(command);
  if (parsed.success) return parsed.data;
  const given = command.kind === "asgi" ? command.app : command.module;
  throw new FleetError(`"${given}" can't be the app's entry: expected ${parsed.error.issues[0]?.message}.`, {
    kept: "everything; nothing was created.",
    next: `Set "app.${command.kind}".`,
  });
}

function isFile(dir: string, path: string): boolean {
  return statSync(join(dir, path), { throwIfNoEntry: false })?.isFile() === true;
}

function listing(dir: string): string {
  const names = readdirSync(dir, { withFileTypes: true })
    .map((item) => (item.isDirectory() ? `${item.name}/` : item.name))
    .sort();
  const shown = names.slice(0, 12).join(", ");
  return names.length === 0 ? "nothing" : names.length > 12 ? `${shown} … (${names.length} in all)` : shown;
}
