/** The runtime bundle: all that a machine needs besides the app, one archive for each CPU architecture. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hashOf } from "../../runtime/manifest.ts";
import { cachePath, makeOnce } from "../cache.ts";
import type { Target } from "../machines/machine.ts";
import { type Archive, archiveOnce } from "./archive.ts";
import { NODE_VERSION, nodeBinary } from "./node-binary.ts";
import { CADDY_VERSION, caddyModules } from "../offline/caddy.ts";
import { bundleRuntimeSources, findRuntimeSources, PACKAGES_FILE, type RuntimeSources, sourcesKey } from "./runtime-sources.ts";
import { type BundledPackage, renderSbom, SBOM_FILE } from "./sbom.ts";
import { bytesOf, type Entry, fingerprint, readTree, sha256, textEntry, under } from "./tree.ts";

export interface Runtime {
  /** sha256 of the list of its files: the same contents have the same id, wherever they were built. */
  id: string;
  archive: Archive;
}

export interface RuntimeOptions {
  say: (line: string) => void;
  /** Path of the Caddy program for an architecture. */
  caddy: (arch: Target["arch"]) => Promise<string>;
  /** @default the clone's `runtime/`, or what the packed library brings */
  sources?: RuntimeSources;
  /** Path of the Node program for an architecture. @default the pinned one, from npm */
  node?: (arch: Target["arch"]) => Promise<string>;
}

/** Bumped when the same inputs are to give another bundle. */
const RECIPE = 3;

/**
 * Resolves links, as the program may be linked to from elsewhere on the machine. A supervisor does too little for V8's middle
 * compilers to pay: without them it has 3 MiB less of memory; what is hot is still compiled, by the last one. Workers inherit
 * no flags.
 */
const LAUNCHER = `#!/bin/sh
here=$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")
lean=
test "$1" = run && lean="--no-sparkplug --no-maglev"
exec "$here/bin/node" $lean "$here/lib/fleethost.mjs" "$@"
`;

/**
 * Builds what isn't in the cache; with everything there, no large file is read.
 * @throws FleetError when Node or Caddy can't be had
 */
export async function buildRuntime(arch: Target["arch"], options: RuntimeOptions): Promise<Runtime> {
  const { say, caddy, sources = findRuntimeSources(), node = (of) => nodeBinary(of, say) } = options;
  const programs = { node: await node(arch), caddy: await caddy(arch) };
  const key = hashOf({
    recipe: RECIPE,
    arch,
    node: NODE_VERSION,
    caddy: [CADDY_VERSION, caddyModules()],
    sources: sourcesKey(sources),
    programs: Object.values(programs).map(identity),
  });
  const entries = (): Promise<Entry[]> => bundleEntries(arch, programs, sources);

  const known = await makeOnce(cachePath("runtimes", "ids", key), async (temporary) => {
    writeFileSync(temporary, hashOf(fingerprint(await entries())));
  });
  const id = readFileSync(known, "utf8");
  const archive = await archiveOnce(cachePath("runtimes", id), {
    entries: () => {
      say(`packing the runtime bundle ${id.slice(0, 12)} for ${arch}`);
      return entries();
    },
    beside: [SBOM_FILE],
  });
  return { id, archive };
}

async function bundleEntries(arch: Target["arch"], programs: Programs, sources: RuntimeSources): Promise<Entry[]> {
  const lib = await libEntries(sources);
  return [
    { kind: "file", path: "bin/node", content: { file: programs.node }, executable: true },
    { kind: "file", path: "bin/caddy", content: { file: programs.caddy }, executable: true },
    textEntry("bin/fleethost", LAUNCHER, true),
    ...under(
      "lib",
      lib.filter(({ path }) => path !== PACKAGES_FILE),
    ),
    textEntry(SBOM_FILE, sbomOf(arch, programs, lib)),
  ];
}

interface Programs {
  node: string;
  caddy: string;
}

function sbomOf(arch: Target["arch"], programs: Programs, lib: readonly Entry[]): string {
  const list = lib.find(({ path }) => path === PACKAGES_FILE);
  const packages = list?.kind === "file" ? (JSON.parse(bytesOf(list.content).toString("utf8")) as BundledPackage[]) : [];
  return renderSbom({
    arch,
    node: { version: NODE_VERSION, sha256: sha256(readFileSync(programs.node)) },
    caddy: { version: CADDY_VERSION, sha256: sha256(readFileSync(programs.caddy)) },
    caddyModules: caddyModules(),
    packages,
  });
}

async function libEntries(sources: RuntimeSources): Promise<Entry[]> {
  const folder = mkdtempSync(join(tmpdir(), "fleetwright-lib-"));
  try {
    await bundleRuntimeSources(folder, sources);
    return readTree(folder).map((entry) =>
      entry.kind === "file" && "file" in entry.content
        ? { ...entry, content: { bytes: readFileSync(entry.content.file) }, executable: false }
        : entry,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A program is taken as the same while its path, size and time of change are: reading it would take half a second. */
function identity(path: string): [string, number, number] {
  const { size, mtimeMs } = statSync(path);
  return [path, size, mtimeMs];
}
