/** What a fleet's machines need to be sent: one release, and a runtime bundle for each architecture. */
import type { App } from "../build/app.ts";
import type { Archive } from "../build/archive.ts";
import { buildRelease, targetKey } from "../build/release.ts";
import { buildRuntime } from "../build/runtime.ts";
import { FleetError } from "../errors.ts";
import type { Target } from "../machines/machine.ts";
import { pruneCache } from "../cache-prune.ts";
import { caddyBinary } from "../offline/tools.ts";
import { keepArchive } from "./archives.ts";

export interface Built {
  releaseId: string;
  /** The release's archive for a target. */
  releaseArchive(target: Target): Archive;
  runtime(arch: Target["arch"]): { id: string; archive: Archive };
}

/** Builds at most once for the same set of targets; both caches are on disk, so a second program run builds nothing. */
export function artifactBuilder(app: App, say: (line: string) => void): (targets: readonly Target[]) => Promise<Built> {
  const made = new Map<string, Promise<Built>>();
  return (targets) => {
    const wanted = new Map(targets.map((target) => [targetKey(app, target), target]));
    const key = [...wanted.keys()].sort().join(" ");
    const building = made.get(key) ?? build(app, [...wanted.values()], say).catch(untouched);
    made.set(key, building);
    return building;
  };
}

function untouched(error: unknown): never {
  throw error instanceof FleetError ? error.keeping("everything; no machine was touched.") : error;
}

async function build(app: App, targets: readonly Target[], say: (line: string) => void): Promise<Built> {
  const release = await buildRelease(app, [...targets], say);
  const runtimes = new Map<Target["arch"], { id: string; archive: Archive }>();
  for (const arch of new Set(targets.map((target) => target.arch))) {
    runtimes.set(arch, await buildRuntime(arch, { say, caddy: (of) => caddyBinary(of, { say }) }));
  }
  for (const archive of [...Object.values(release.archives), ...[...runtimes.values()].map((runtime) => runtime.archive)]) {
    keepArchive(archive);
  }
  pruneCache();
  return {
    releaseId: release.id,
    releaseArchive: (target) => there(release.archives[targetKey(app, target)]),
    runtime: (arch) => there(runtimes.get(arch)),
  };
}

function there<T>(built: T | undefined): T {
  if (built === undefined) throw new Error("asked for a target that was not built");
  return built;
}
