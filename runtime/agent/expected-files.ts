/** The files around a confirmed generation: what they were at the confirm, and what this agent would write. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { canonicalJson, generationOf, type Manifest } from "../manifest.ts";
import { baselinePaths } from "./baseline/parts.ts";
import { renderCaddyConfig } from "./caddy.ts";
import type { Agent } from "./context.ts";
import { credentialHashes } from "./credential-drift.ts";
import { renderEnvironmentFile } from "./environment.ts";
import { readIfThere } from "./files.ts";
import { renderConvergeUnit, renderLeaseUnit } from "./machine-units.ts";
import { type Paths, unitNames } from "./paths.ts";
import { tlsPaths } from "./tls-files.ts";
import { renderGenerationUnit, renderSlotFolders, renderSocket } from "./units.ts";

/** A file that must be there. */
export interface ExpectedFile {
  path: string;
  /** What this agent would write; undefined where only the confirm knows. */
  text: string | undefined;
}

/** Every file of a manifest's generation and around it, big ones apart. Pure. */
export function expectedFiles(paths: Paths, manifest: Manifest): ExpectedFile[] {
  const app = manifest.app.name;
  const generation = generationOf(manifest);
  const folder = paths.generation(app, generation);
  return [
    { path: paths.unit(unitNames.generation(app, generation)), text: renderGenerationUnit(manifest) },
    { path: paths.unit(unitNames.socket(app)), text: renderSocket(app, generation) },
    { path: paths.unit(unitNames.lease(app)), text: renderLeaseUnit(app) },
    { path: paths.unit(unitNames.converge), text: renderConvergeUnit() },
    // Names Caddy's binary by its hash, which is read from the bundle at the switch.
    { path: paths.unit(unitNames.caddy), text: undefined },
    { path: paths.caddyConfig, text: renderCaddyConfig(manifest) },
    // What is in them, only the confirm knows.
    ...tlsPaths(paths, manifest.https).map((path) => ({ path, text: undefined })),
    // Depend on the machine, too.
    ...baselinePaths(paths, manifest).map((path) => ({ path, text: undefined })),
    { path: paths.tmpfiles(app), text: renderSlotFolders(app) },
    { path: join(folder, "manifest.json"), text: `${canonicalJson(manifest)}\n` },
    { path: join(folder, "environment"), text: renderEnvironmentFile(manifest.app.environment) },
  ];
}

/** sha256 by path of those that are there now; of secrets' values, a hash with the machine's key. */
export async function fileHashes({ paths }: Pick<Agent, "paths">, manifest: Manifest): Promise<Record<string, string>> {
  const found = await Promise.all(
    expectedFiles(paths, manifest).map(async ({ path }) => {
      const text = await readIfThere(path);
      return text === undefined ? undefined : ([path, sha256(text)] as const);
    }),
  );
  return { ...Object.fromEntries(found.filter((entry) => entry !== undefined)), ...(await credentialHashes({ paths }, manifest)) };
}

export const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
