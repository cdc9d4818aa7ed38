/** What a recovery brings back, by name and hash: with it, a fleet's program builds nothing and needs no source. */
import { readFileSync } from "node:fs";
import { z } from "zod";
import { commandSchema, sha256Schema } from "../../runtime/manifest.ts";
import type { App } from "../build/app.ts";
import type { Archive } from "../build/archive.ts";
import { FleetError } from "../errors.ts";
import type { Shape } from "../build/release.ts";
import type { Target } from "../machines/machine.ts";
import { PINS_VARIABLE } from "../overrides.ts";
import { findArchive } from "../rollout/archives.ts";
import type { Built } from "../rollout/artifacts.ts";

const archiveSchema = z.object({ sha256: sha256Schema, bytes: z.int() });

export const pinSchema = z.object({
  app: z.object({ name: z.string(), command: commandSchema }),
  release: z.object({
    id: sha256Schema,
    /** By target, as `build/release.ts` names them: `x64-py3.13` with Python packages, `x64` without. */
    archives: z.record(z.string(), archiveSchema),
    /** By target, where they are sent apart from the code. */
    packages: z.record(z.string(), z.object({ id: sha256Schema, archive: archiveSchema })),
  }),
  /** By architecture. */
  runtimes: z.record(z.string(), archiveSchema.extend({ id: sha256Schema })),
});
/** One fleet's release and runtime bundles; the archives are in this computer's cache. */
export type Pin = z.infer<typeof pinSchema>;

export const pinsSchema = z.object({ schema: z.literal(1), fleets: z.record(z.string(), pinSchema) });
export type Pins = z.infer<typeof pinsSchema>;

/** A fleet's pin; undefined when nothing is being recovered. @throws FleetError when others are pinned, and this one isn't */
export function pinOf(fleet: string, environment: NodeJS.ProcessEnv = process.env): Pin | undefined {
  const path = environment[PINS_VARIABLE];
  if (!path) return undefined;
  const { fleets } = pinsSchema.parse(JSON.parse(readFileSync(path, "utf8")));
  if (fleets[fleet] !== undefined) return fleets[fleet];
  throw new FleetError(`the store has nothing about a fleet "${fleet}"; it knows ${Object.keys(fleets).join(", ")}.`, {
    kept: "everything; nothing was created or changed.",
    next: `see that this is the program that was brought up, or unset ${PINS_VARIABLE} and build it: fleet up`,
  });
}

/** The app as it was when its release was packed: its folder isn't asked. */
export function pinnedApp({ app }: Pin, dir: string): App {
  return { name: app.name, dir, command: app.command };
}

/** Stands in for `artifactBuilder`: takes what the store had, or says what it hadn't. */
export function pinnedArtifacts(
  fleet: string,
  { release, runtimes }: Pin,
  shape: Shape = "parts",
): (targets: readonly Target[]) => Promise<Built> {
  const built: Built = {
    releaseId: release.id,
    release: (target) => {
      const key = pinnedKey(release.archives, target);
      const archive = there(release.archives[shape === "whole" ? `${key}-whole` : key], fleet, "release", target);
      const packages = shape === "whole" ? undefined : release.packages[key];
      if (packages === undefined) return { id: release.id, archive, packages };
      return { id: release.id, archive, packages: { id: packages.id, archive: there(packages.archive, fleet, "packages", target) } };
    },
    runtime: (arch) => {
      const { id, ...archive } = there(runtimes[arch], fleet, "runtime bundle", { arch, python: undefined });
      return { id, archive };
    },
  };
  return async () => built;
}

/** The key of the archive for a target; of an app without Python packages it names the architecture alone. Pure. */
export function pinnedKey(archives: Pin["release"]["archives"], { arch, python }: Target): string {
  const withPython = `${arch}-py${python}`;
  return archives[withPython] === undefined ? arch : withPython;
}

function there<T extends z.infer<typeof archiveSchema>>(found: T | undefined, fleet: string, what: string, target: Target): T & Archive {
  if (found !== undefined) return { ...found, path: findArchive(found.sha256) };
  const kind = target.python === undefined ? target.arch : `${target.arch} with Python ${target.python}`;
  throw new FleetError(`the store has no ${what} of fleet "${fleet}" for a machine of ${kind}.`, {
    kept: "everything; no machine was touched.",
    next: "recover into machines like those before, or build it where the app's source and a registry are at hand: fleet up",
  });
}
