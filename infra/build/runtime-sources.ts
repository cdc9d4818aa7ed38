/** Our own part of the runtime bundle, `lib/`: supervisor and agent as one program, and the workers' shims. */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { hashOf } from "../../runtime/manifest.ts";
import { bundle } from "./bundle.ts";
import { bundledPackages } from "./bundled-packages.ts";
import { fingerprint, readTree } from "./tree.ts";

/** Where `lib/` comes from: bundled from TypeScript in a clone, made in advance in the packed library. */
export type RuntimeSources = { kind: "typescript"; folder: string } | { kind: "prebuilt"; folder: string };

/** The packed library has its files in `dist/infra/build`, and `dist/runtime-bundle/lib` beside. */
export function findRuntimeSources(): RuntimeSources {
  const prebuilt = fileURLToPath(new URL("../../runtime-bundle/lib", import.meta.url));
  if (existsSync(prebuilt)) return { kind: "prebuilt", folder: prebuilt };
  return { kind: "typescript", folder: fileURLToPath(new URL("../../runtime", import.meta.url)) };
}

/** Changes with whatever `lib/` is made from; takes milliseconds. */
export function sourcesKey({ kind, folder }: RuntimeSources): string {
  const files = fingerprint(readTree(folder, (path) => path === "node_modules" || path.endsWith("__pycache__")));
  return hashOf(kind === "prebuilt" ? { files } : { files, esbuild: esbuildVersion() });
}

/** Of `lib/` while it is made: the npm packages in it. It goes into the bundle's list of contents, not into `lib/`. */
export const PACKAGES_FILE = "packages.json";

/**
 * Fills `outDir` with `lib/`'s files: fleethost.mjs and what it loads, node-worker.mjs, the Python shims as they are, and
 * PACKAGES_FILE.
 */
export async function bundleRuntimeSources(outDir: string, sources: RuntimeSources = findRuntimeSources()): Promise<void> {
  mkdirSync(outDir, { recursive: true });
  if (sources.kind === "prebuilt") {
    copyFiles(sources.folder, outDir, /\.(mjs|py)$|^packages\.json$/);
    return;
  }
  const files = [
    await bundle({ folder: sources.folder, entry: "main.ts", outDir, name: "fleethost" }),
    await bundle({ folder: sources.folder, entry: "workers/node-worker.ts", outDir, name: "node-worker" }),
  ];
  const modules = files.flatMap((modulesOf) => Object.values(modulesOf).flat());
  writeFileSync(join(outDir, PACKAGES_FILE), JSON.stringify(bundledPackages(dirname(sources.folder), modules)));
  copyFiles(join(sources.folder, "workers"), outDir, /\.py$/);
}

function copyFiles(from: string, to: string, names: RegExp): void {
  for (const name of readdirSync(from).filter((entry) => names.test(entry))) copyFileSync(join(from, name), join(to, name));
}

function esbuildVersion(): string {
  const path = createRequire(import.meta.url).resolve("esbuild/package.json");
  return (JSON.parse(readFileSync(path, "utf8")) as { version: string }).version;
}
