/** What a fleet's machines need to be sent: one release, and a runtime bundle for each architecture. */
import type { App } from "../build/app.ts";
import type { Archive } from "../build/archive.ts";
import type { Packages } from "../build/packages.ts";
import { buildRelease, type Shape, targetKey } from "../build/release.ts";
import { buildRuntime } from "../build/runtime.ts";
import { FleetError } from "../errors.ts";
import type { Target } from "../machines/machine.ts";
import { pruneCache } from "../cache-prune.ts";
import { caddyBinary } from "../offline/tools.ts";
import { keepArchive } from "./archives.ts";

/** A release as one kind of machine gets it. */
export interface BuiltRelease {
  id: string;
  /** Its code. */
  archive: Archive;
  /** Undefined for an app that has none. */
  packages: Packages | undefined;
}

export interface Built {
  releaseId: string;
  release(target: Target): BuiltRelease;
  runtime(arch: Target["arch"]): { id: string; archive: Archive };
}

type Say = (line: string) => void;

/** Builds at most once for the same set of targets; both caches are on disk, so a second program run builds nothing. */
export function artifactBuilder(app: App, say: Say, shape: Shape = "parts"): (targets: readonly Target[]) => Promise<Built> {
  const made = new Map<string, Promise<Built>>();
  return (targets) => {
    const wanted = new Map(targets.map((target) => [targetKey(app, target), target]));
    const key = [...wanted.keys()].sort().join(" ");
    const building = made.get(key) ?? build(app, [...wanted.values()], say, shape).catch(untouched);
    made.set(key, building);
    return building;
  };
}

function untouched(error: unknown): never {
  throw error instanceof FleetError ? error.keeping("everything; no machine was touched.") : error;
}

async function build(app: App, targets: readonly Target[], say: Say, shape: Shape): Promise<Built> {
  const release = await buildRelease(app, [...targets], say, shape);
  const runtimes = new Map<Target["arch"], { id: string; archive: Archive }>();
  for (const arch of new Set(targets.map((target) => target.arch))) {
    runtimes.set(arch, await buildRuntime(arch, { say, caddy: (of) => caddyBinary(of, { say }) }));
  }
  const packages = Object.values(release.packages);
  for (const archive of [...Object.values(release.archives), ...[...packages, ...runtimes.values()].map((built) => built.archive)]) {
    keepArchive(archive);
  }
  pruneCache();
  return {
    releaseId: release.id,
    release: (target) => {
      const key = targetKey(app, target);
      return { id: release.id, archive: there(release.archives[key]), packages: release.packages[key] };
    },
    runtime: (arch) => there(runtimes.get(arch)),
  };
}

function there<T>(built: T | undefined): T {
  if (built === undefined) throw new Error("asked for a target that was not built");
  return built;
}
