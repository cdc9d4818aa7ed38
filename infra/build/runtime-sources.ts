/** Our own part of the runtime bundle, `lib/`: supervisor and agent as one file, and the workers' shims. */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { hashOf } from "../../runtime/manifest.ts";
import { fingerprint, readTree } from "./tree.ts";

/** Where `lib/` comes from: bundled from TypeScript in a clone, made in advance in the packed library. */
export type RuntimeSources = { kind: "typescript"; folder: string } | { kind: "prebuilt"; folder: string };

/** Some packages still call `require` for what Node brings; in an ES module it has to be made. */
const REQUIRE_BANNER = 'import { createRequire as makeRequire } from "node:module"; const require = makeRequire(import.meta.url);';

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

/** Fills `outDir` with `lib/`'s files: fleethost.mjs, node-worker.mjs, and the Python shims as they are. */
export async function bundleRuntimeSources(outDir: string, sources: RuntimeSources = findRuntimeSources()): Promise<void> {
  mkdirSync(outDir, { recursive: true });
  if (sources.kind === "prebuilt") {
    copyFiles(sources.folder, outDir, /\.(mjs|py)$/);
    return;
  }
  await bundle(sources.folder, "main.ts", join(outDir, "fleethost.mjs"), REQUIRE_BANNER);
  await bundle(sources.folder, "workers/node-worker.ts", join(outDir, "node-worker.mjs"), "");
  copyFiles(join(sources.folder, "workers"), outDir, /\.py$/);
}

function copyFiles(from: string, to: string, names: RegExp): void {
  for (const name of readdirSync(from).filter((entry) => names.test(entry))) copyFileSync(join(from, name), join(to, name));
}

/** Not minified, so that a stack trace on a machine can be read. */
async function bundle(folder: string, entry: string, outfile: string, banner: string): Promise<void> {
  const { build } = await import("esbuild");
  await build({
    // Names of files go into comments of the output, relative to this.
    absWorkingDir: dirname(folder),
    entryPoints: [join(folder, entry)],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node24",
    banner: { js: banner },
    legalComments: "none",
    charset: "utf8",
    logLevel: "silent",
  });
}

function esbuildVersion(): string {
  const path = createRequire(import.meta.url).resolve("esbuild/package.json");
  return (JSON.parse(readFileSync(path, "utf8")) as { version: string }).version;
}
