/** What an app's folder holds, and whether its entry module is there: found out before anything is created. */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { z } from "zod";
import { commandSchema, type WorkerCommand } from "../../runtime/manifest.ts";
import { type EntryKeys, listenOf } from "../config/app-rules.ts";
import { FleetError } from "../errors.ts";
import { entryName, isFile, requireEntry } from "./entry.ts";
import { listing } from "./listing.ts";

/** What the configuration says; it wins over what is found. At most one entry is given. */
export type Given = Pick<EntryKeys, "asgi" | "node" | "wsgi" | "command" | "listen" | "probe" | "readyAfterMs" | "slots" | "portBase">;

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
  const command = explicit(given) ?? found(dir);
  requireEntry(command, dir);
  return command;
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
    next: 'Name the entry: "app.asgi" ("shop.web:app"), "app.wsgi", "app.node" ("src/server.ts") or "app.command" ("./server", "{port}").',
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

function explicit(given: Given): WorkerCommand | undefined {
  if (given.asgi !== undefined) return commandOf({ kind: "asgi", app: given.asgi });
  if (given.wsgi !== undefined) return commandOf({ kind: "wsgi", app: given.wsgi });
  if (given.node !== undefined) return commandOf({ kind: "node", module: given.node });
  return given.command === undefined ? undefined : commandOf(programOf(given, given.command));
}

function programOf({ command, listen: said, ...given }: Given, argv: string[]): z.input<typeof commandSchema> {
  const listen = listenOf({ command, listen: said });
  if (listen === undefined) {
    throw new FleetError("The app's command doesn't say how it takes connections.", {
      kept: "everything; nothing was created.",
      next: 'Write {port}, {socket} or {fd} into "app.command", or set "app.listen".',
    });
  }
  const options = (["probe", "readyAfterMs", "slots", "portBase"] as const).filter((key) => given[key] !== undefined);
  return { kind: "command", argv, listen, ...Object.fromEntries(options.map((key) => [key, given[key]])) };
}

/** @throws FleetError when no worker could be started from it */
function commandOf(command: z.input<typeof commandSchema>): WorkerCommand {
  const parsed = commandSchema.safeParse(command);
  if (parsed.success) return parsed.data;
  throw new FleetError(`"${entryName(command as WorkerCommand)}" can't be the app's entry: expected ${parsed.error.issues[0]?.message}.`, {
    kept: "everything; nothing was created.",
    next: `Set "app.${command.kind}".`,
  });
}
