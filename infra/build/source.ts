/**
 * Which files of an app's folder belong to its release.
 *
 * In a git repository: what git tracks, and what it doesn't ignore. Elsewhere: all files.
 * In both cases without what a build makes anew (`node_modules`, caches) and without secrets (`.env*`, private keys,
 * package managers' credentials); secrets that would otherwise have been sent are named in `withheld`.
 */
import { existsSync, lstatSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, posix } from "node:path";
import { FleetError } from "../errors.ts";
import { runTool } from "./tool.ts";
import { walk } from "./tree.ts";

export interface Source {
  /** Relative paths, sorted. */
  files: string[];
  withheld: string[];
}

/** Never part of a release: made anew by the build, or of use on a developer's computer only. */
const leftOut: ReadonlySet<string> = new Set([
  ".git",
  ".hg",
  ".svn",
  "node_modules",
  "__pycache__",
  ".venv",
  "venv",
  ".tox",
  ".nox",
  ".mypy_cache",
  ".pytest_cache",
  ".ruff_cache",
  ".idea",
  ".vscode",
  ".fleetwright",
  ".DS_Store",
]);

const credentialFiles: ReadonlySet<string> = new Set([".npmrc", ".pypirc", ".netrc"]);

/** A key is small; larger files of such names aren't opened. */
const KEY_MAX_BYTES = 64 * 1024;

/** @throws FleetError when git should be asked what is ignored, but can't be */
export async function listSource(dir: string): Promise<Source> {
  const listed = (await gitFiles(dir)) ?? walk(dir, isLeftOut);
  const all = listed.filter((path) => !isLeftOut(path));
  return { files: all.filter((path) => !isSecret(dir, path)), withheld: all.filter((path) => isSecret(dir, path)) };
}

function isLeftOut(path: string): boolean {
  return path.endsWith(".pyc") || path.split("/").some((part) => leftOut.has(part) || part.endsWith(".egg-info"));
}

function isSecret(dir: string, path: string): boolean {
  const name = basename(path);
  if (name.startsWith(".env") || credentialFiles.has(name)) return true;
  if (!/\.(pem|key)$|^id_/.test(name)) return false;
  const stat = statSync(join(dir, path), { throwIfNoEntry: false });
  return stat?.isFile() === true && stat.size <= KEY_MAX_BYTES && readFileSync(join(dir, path), "latin1").includes("PRIVATE KEY-----");
}

/** Undefined outside of a repository, and in a folder that its repository ignores as a whole. */
async function gitFiles(dir: string): Promise<string[] | undefined> {
  const result = await runTool("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"], {
    cwd: dir,
    env: gitEnvironment(),
  });
  if (result.outcome === "missing" && repositoryOf(dir) === undefined) return undefined;
  if (result.outcome !== "ok") {
    if (/not a git repository \(or any/.test(result.stderr)) return undefined;
    throw new FleetError(`git can't tell which files of ${dir} are ignored.`, {
      next: result.outcome === "missing" ? "Install git: the folder is in a git repository." : "Mend what git says, then run this again.",
      log: result.stderr.trim().split("\n").slice(0, 6),
    });
  }
  const paths = result.stdout.split("\0").filter((path) => path !== "");
  return paths.length === 0 ? undefined : paths.flatMap((path) => present(dir, path)).sort();
}

/** A deleted file is still listed; a repository inside the repository is listed as a folder. */
function present(dir: string, path: string): string[] {
  const stat = lstatSync(join(dir, path), { throwIfNoEntry: false });
  if (stat === undefined) return [];
  if (!stat.isDirectory()) return [path];
  return walk(join(dir, path), isLeftOut).map((below) => posix.join(path, below));
}

/** Without what a git hook sets, which would point at another repository; in English, for the check of the message. */
function gitEnvironment(): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !/^GIT_(DIR|WORK_TREE|INDEX_FILE|PREFIX)$/.test(name));
  return { ...Object.fromEntries(inherited), LC_ALL: "C" };
}

function repositoryOf(dir: string): string | undefined {
  if (existsSync(join(dir, ".git"))) return dir;
  return dirname(dir) === dir ? undefined : repositoryOf(dirname(dir));
}
