/** The Node packages of a release: what package-lock.json says, fetched once per lock file and architecture. */
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { hashOf } from "../../runtime/manifest.ts";
import { cachePath, makeOnce } from "../cache.ts";
import { FleetError } from "../errors.ts";
import type { Target } from "../machines/machine.ts";
import { readJson } from "./detect.ts";
import { runNpm } from "./npm.ts";
import { lastLines } from "./tool.ts";

/** Bumped when the same lock file is to give other packages. */
const RECIPE = 1;

/** What decides the packages; undefined for an app that needs none. */
export interface NodeLock {
  files: [path: string, text: string][];
  /** Packages that would build something at install, which is not done. */
  withScripts: string[];
}

interface LockedPackage {
  link?: boolean;
  dev?: boolean;
  hasInstallScript?: boolean;
}

/** @throws FleetError when there are dependencies and no package-lock.json, or packages outside of the app's folder */
export function readNodeLock(dir: string): NodeLock | undefined {
  if (!needsPackages(dir)) return undefined;
  const path = join(dir, "package-lock.json");
  if (!existsSync(path)) {
    throw new FleetError(`There is no package-lock.json in ${dir}, which a release is built from.`, {
      next: "Make it: `npm install --package-lock-only` in that folder.",
    });
  }
  const { packages = {} } = readJson(path) as { packages?: Record<string, LockedPackage> };
  const shipped = Object.entries(packages).filter(([, locked]) => locked.dev !== true);
  const links = shipped.filter(([, locked]) => locked.link === true).map(([name]) => name);
  if (links.length > 0) {
    throw new FleetError(`${path} has packages that are links to folders, which a release can't carry.`, {
      log: links,
      next: "Publish them, or pack them with `npm pack` and depend on the file.",
    });
  }
  return {
    files: ["package.json", "package-lock.json"].map((name) => [name, readFileSync(join(dir, name), "utf8")]),
    withScripts: shipped.filter(([, locked]) => locked.hasInstallScript === true).map(([name]) => name.replace(/^.*node_modules\//, "")),
  };
}

function needsPackages(dir: string): boolean {
  if (!existsSync(join(dir, "package.json"))) return false;
  const { dependencies = {}, optionalDependencies = {} } = readJson(join(dir, "package.json")) as Record<string, object | undefined>;
  return Object.keys({ ...dependencies, ...optionalDependencies }).length > 0;
}

/**
 * A `node_modules` folder for the architecture.
 * @throws FleetError when npm is missing or fails
 */
export function nodePackages(dir: string, lock: NodeLock, arch: Target["arch"], say: (line: string) => void): Promise<string> {
  const key = hashOf({ recipe: RECIPE, files: lock.files, arch });
  return makeOnce(cachePath("packages", "node", key), async (temporary) => {
    say(`fetching the app's packages for Node on Linux ${arch}`);
    if (lock.withScripts.length > 0) say(`install scripts are not run, of: ${lock.withScripts.join(", ")}`);
    mkdirSync(temporary);
    for (const name of ["package.json", "package-lock.json", ".npmrc"]) {
      if (existsSync(join(dir, name))) copyFileSync(join(dir, name), join(temporary, name));
    }
    const result = await runNpm(npmArguments(arch), { cwd: temporary });
    if (result.outcome !== "ok") throw npmFailure(dir, result.stderr);
    rmSync(join(temporary, ".npmrc"), { force: true });
    mkdirSync(join(temporary, "node_modules"), { recursive: true });
    // npm's own notes hold the registry's address, which differs between computers.
    rmSync(join(temporary, "node_modules", ".package-lock.json"), { force: true });
  }).then((folder) => join(folder, "node_modules"));
}

export function npmArguments(arch: Target["arch"]): string[] {
  return [
    "ci",
    "--omit=dev",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--workspaces=false",
    "--prefer-offline",
    "--os=linux",
    `--cpu=${arch}`,
    "--libc=glibc",
  ];
}

function npmFailure(dir: string, stderr: string): FleetError {
  const log = lastLines(stderr.replaceAll(/^npm (?:error|ERR!) ?/gm, "").replaceAll(/^A complete log of this run.*$/gm, ""));
  const next = stderr.includes("EUSAGE")
    ? "package.json and package-lock.json disagree: run `npm install` in that folder."
    : "Mend what npm says, then run this again.";
  return new FleetError(`npm could not install the packages of ${dir}.`, { log, next });
}
