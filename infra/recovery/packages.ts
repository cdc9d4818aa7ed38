/** The npm packages of this program as one archive, so that a fresh clone runs where no registry can be reached. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { hashOf } from "../../runtime/manifest.ts";
import { cachePath, makeOnce } from "../cache.ts";
import { FleetError } from "../errors.ts";
import { execute } from "../offline/executables.ts";

/** Name of the tool in a set; `start.mjs` looks for it before any package is there. */
export const PACKAGES_TOOL = "packages";

/**
 * What is of use to whoever changes the program only, or to a bundler, which takes ES modules where Node takes `main`: more than half of
 * the files, and a recovery waits for each. After it, `npm ci` brings them back.
 */
const LEFT_OUT = [
  ...["./typescript", "./@types", "./fast-check", "./node-linux-*/include", "./node-linux-*/share", "./.cache"],
  ...["*.map", "*.ts", "*.mts", "*.cts", "*.md"],
  ...["./@aws-sdk/*/dist-es", "./@smithy/*/dist-es", "./@opentelemetry/*/build/esm", "./@opentelemetry/*/build/esnext"],
];

export interface PackedPackages {
  /** sha256 of package-lock.json: a clone takes the archive for its own lock file. */
  version: string;
  /** Some packages are programs. */
  platform: string;
  /** A tar.gz of what is in node_modules. */
  file: string;
}

/**
 * Packs a clone's node_modules, once for each lock file; some ten seconds.
 * @param root the clone
 * @returns undefined where Fleetwright is a package of somebody's own program, which has a lock file and packages of its own
 * @throws FleetError when tar fails
 */
export async function packPackages(root: string): Promise<PackedPackages | undefined> {
  const lock = join(root, "package-lock.json");
  const modules = join(root, "node_modules");
  if (!existsSync(lock) || !existsSync(modules)) return undefined;
  const version = createHash("sha256").update(readFileSync(lock)).digest("hex");
  const platform = `${process.platform}-${process.arch}`;
  const recipe = hashOf(LEFT_OUT).slice(0, 8);
  const file = cachePath("program", `${version}-${recipe}-${platform}.tar.gz`);
  await makeOnce(file, async (temporary) => pack(realpathSync(modules), temporary));
  return { version, platform, file };
}

/** The same packages give the same bytes. */
async function pack(modules: string, file: string): Promise<void> {
  const order = ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner"];
  const args = ["-C", modules, ...order, ...LEFT_OUT.map((path) => `--exclude=${path}`), "-I", "gzip -n -1", "-cf", file, "."];
  const { ok, lastLines } = await execute("tar", args);
  if (ok) return;
  throw new FleetError("the program's packages could not be packed.", {
    log: lastLines,
    kept: "everything; the store has no set of this moment.",
    next: "see the lines above (GNU tar and gzip are needed, and room in the cache), then run the same command again",
  });
}
