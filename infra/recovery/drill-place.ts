/** A place of its own for a drill: clone, home, caches and state, all below one temporary folder and all empty. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parse } from "yaml";
import { listSource } from "../build/source.ts";
import { cachePath } from "../cache.ts";
import { exitCodes, FleetError } from "../errors.ts";
import { down, remains } from "../machines/local/destroy.ts";
import { worldOf } from "../machines/local/world-id.ts";
import { programFolder } from "./candidates.ts";

export interface DrillPlace {
  folder: string;
  clone: string;
  environment: NodeJS.ProcessEnv;
  /** The set of local machines that its stack has for itself. */
  world: () => string;
}

/** Nothing listens on port 9 of this computer: whoever asks a registry is refused at once. */
const NOWHERE = "http://127.0.0.1:9";

/**
 * A fresh clone of the project beside it, as git would make it.
 * @param localStack the folder of the local stack, relative to a clone; undefined for any other stack
 */
export async function makeDrillPlace(project: string, stack: string, localStack: string | undefined): Promise<DrillPlace> {
  if (!existsSync(join(project, "infra/cli/start.mjs"))) throw notAClone();
  const folder = mkdtempSync(join(tmpdir(), "fleetwright-drill-"));
  const clone = join(folder, "clone");
  const { files } = await listSource(project);
  for (const file of files) {
    mkdirSync(dirname(join(clone, file)), { recursive: true });
    cpSync(join(project, file), join(clone, file), { verbatimSymlinks: true });
  }
  const { main } = parse(readFileSync(join(clone, "Pulumi.yaml"), "utf8")) as { main?: string };
  const machinesOf = localStack === undefined ? programFolder(clone, main) : join(clone, localStack);
  mkdirSync(machinesOf, { recursive: true });
  const environment = drillEnvironment(process.env, folder);
  lendImages(environment.FLEETWRIGHT_CACHE ?? "");
  return { folder, clone, environment, world: () => worldOf(machinesOf, stack) };
}

function notAClone(): FleetError {
  return new FleetError("a drill needs a clone of Fleetwright's repository: it is what it makes a fresh copy of.", {
    kept: "everything; nothing was made.",
    next: "run it there; for a program of your own, see that a fresh clone of it comes up: fleet recover --check",
    exitCode: exitCodes.usage,
  });
}

/** With nothing of this user's but the way to the store: no cache, no packages, no registry, no backend. Pure but for the home's path. */
export function drillEnvironment(given: NodeJS.ProcessEnv, folder: string, home = homedir()): NodeJS.ProcessEnv {
  const theirs = /^(FLEETWRIGHT_|XDG_|NODE_OPTIONS$|INIT_CWD$|PULUMI_BACKEND_URL$|PULUMI_HOME$)/;
  const ours = Object.entries(given).filter(([name]) => !theirs.test(name));
  const code = given.FLEETWRIGHT_RECOVERY_CODE;
  return {
    ...Object.fromEntries(ours),
    ...(code === undefined ? {} : { FLEETWRIGHT_RECOVERY_CODE: code }),
    ...(given.FLEETWRIGHT_LOCAL_ROOT === undefined ? {} : { FLEETWRIGHT_LOCAL_ROOT: given.FLEETWRIGHT_LOCAL_ROOT }),
    AWS_SHARED_CREDENTIALS_FILE: given.AWS_SHARED_CREDENTIALS_FILE ?? join(home, ".aws", "credentials"),
    AWS_CONFIG_FILE: given.AWS_CONFIG_FILE ?? join(home, ".aws", "config"),
    HOME: join(folder, "home"),
    FLEETWRIGHT_CACHE: join(folder, "cache"),
    PULUMI_BACKEND_URL: `file://${join(folder, "state")}`,
    npm_config_registry: NOWHERE,
    PIP_INDEX_URL: NOWHERE,
    GOPROXY: "off",
  };
}

/** The system that local machines boot is at hand, as a cloud's image is: it is no part of what is timed. */
function lendImages(cache: string): void {
  const images = cachePath("images");
  mkdirSync(join(cache, "images"), { recursive: true });
  if (!existsSync(images)) return;
  for (const name of readdirSync(images).filter((entry) => !entry.endsWith(".tmp"))) {
    symlinkSync(join(images, name), join(cache, "images", name));
  }
}

/** @returns what is left of it: machines, networks, mounts, processes */
export async function clearDrillMachines(place: DrillPlace, say: (line: string) => void): Promise<string[]> {
  await down(place.world(), say);
  return [...remains(place.world()), ...processesOf(place.folder)];
}

/** Processes that were started with something of the folder. */
function processesOf(folder: string): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => commandLineOf(pid).includes(`${folder}/`))
    .map((pid) => `process ${pid}`);
}

function commandLineOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    // It has ended since.
    return "";
  }
}
