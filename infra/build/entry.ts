/** Whether an app's entry is there. */
import { accessSync, constants, statSync } from "node:fs";
import { join, normalize } from "node:path";
import type { WorkerCommand } from "../../runtime/manifest.ts";
import { FleetError } from "../errors.ts";
import { listing } from "./listing.ts";

/**
 * Paths of which one must be in the folder for the command to start; none when that can't be told: a program that is found by
 * its name, by an absolute path or among the packages. The attribute of a Python module is tried when the app boots.
 */
export function entryFiles(command: WorkerCommand): string[] {
  if (command.kind === "node") return [command.module];
  if (command.kind === "command") return programInFolder(command.argv[0] ?? "");
  const path = command.app.split(":")[0]?.replaceAll(".", "/");
  return [`${path}.py`, `${path}/__init__.py`];
}

/** What the configuration calls it. */
export function entryName(command: WorkerCommand): string {
  if (command.kind === "command") return command.argv[0] ?? "";
  return command.kind === "node" ? command.module : command.app;
}

/** @throws FleetError naming what is there, and the mend */
export function requireEntry(command: WorkerCommand, dir: string): void {
  const files = entryFiles(command);
  const there = files.find((path) => isFile(dir, path));
  if (files.length > 0 && there === undefined) throw missing(command, files, dir);
  if (command.kind === "command" && there !== undefined && !isExecutable(join(dir, there))) throw notExecutable(there, dir);
}

export function isFile(dir: string, path: string): boolean {
  return statSync(join(dir, path), { throwIfNoEntry: false })?.isFile() === true;
}

function programInFolder(program: string): string[] {
  if (!program.includes("/") || program.startsWith("/")) return [];
  const path = normalize(program);
  return path.startsWith("node_modules/") ? [] : [path];
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const mends = {
  asgi: 'Set "app.asgi" to the module and its attribute, for example "main:app", or correct "app.dir".',
  wsgi: 'Set "app.wsgi" to the module and its attribute, for example "main:app", or correct "app.dir".',
  node: 'Set "app.node" to the module, for example "server.ts", or build it first if it is compiled.',
  command: 'Correct the first word of "app.command": a path inside "app.dir", or build the program first.',
} as const;

function missing(command: WorkerCommand, files: string[], dir: string): FleetError {
  return new FleetError(`The app's entry "${entryName(command)}" is missing: no ${files.join(" or ")} in ${dir}.`, {
    kept: "everything; nothing was created.",
    log: [`there: ${listing(dir)}`],
    next: mends[command.kind],
  });
}

function notExecutable(path: string, dir: string): FleetError {
  return new FleetError(`The app's program ${path} in ${dir} isn't executable.`, {
    kept: "everything; nothing was created.",
    next: `chmod +x ${join(dir, path)}; in a git repository, commit that: git add --chmod=+x.`,
  });
}
