/** Programs out of the store, to where they are looked for: with them in the cache, no registry is asked. */
import { chmodSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { cachePath, makeOnce } from "../cache.ts";
import { FleetError } from "../errors.ts";
import type { Suite } from "../machines/local/spec.ts";
import { rememberNoDownload } from "../offline/plugins.ts";
import { fetchObject } from "./artifacts.ts";
import { IMAGE_PREFIX, unpackImage } from "./images.ts";
import type { RecoverySet, StoredObject } from "./set.ts";
import { StoreFailure } from "./store/files.ts";
import type { RecoveryStore } from "./store/store.ts";

export type Tool = RecoverySet["tools"][number];

/**
 * Where a tool goes, relative to the cache: a program to the folder of its release, an image to the images. Undefined for what isn't for
 * this computer, or is unpacked before this program can run at all (`packages`). Pure.
 * @param platform such as "linux-x64"
 */
export function placeOfTool({ name, version, platform }: Tool, here: string): { kind: "program" | "image"; path: string } | undefined {
  if (platform !== undefined && platform !== here) return undefined;
  if (name.startsWith(IMAGE_PREFIX)) return { kind: "image", path: join("images", version) };
  if (name === "pulumi") return { kind: "program", path: join("tools", `pulumi-${version}-${here}`, "pulumi") };
  if (name === "caddy") return { kind: "program", path: join("tools", `caddy-${version}-${here.split("-")[1]}`, "caddy") };
  return undefined;
}

/** Programs, and of the images that which machines boot here. Pure. */
export function toolsFor(tools: readonly Tool[], image: Suite | undefined): { programs: Tool[]; images: Tool[] } {
  return {
    programs: tools.filter(({ name }) => !name.startsWith(IMAGE_PREFIX)),
    images: tools.filter(({ name }) => name === `${IMAGE_PREFIX}${image}`),
  };
}

/** @returns names of what was brought. @throws FleetError when one is missing or spoiled */
export async function bringTools(
  store: RecoveryStore,
  tools: readonly Tool[],
  here = `${process.platform}-${process.arch}`,
): Promise<string[]> {
  const brought = await Promise.all(
    tools.map(async (tool) => {
      const place = placeOfTool(tool, here);
      if (place === undefined || tool.archive === undefined) return [];
      const archive = tool.archive;
      const bring = place.kind === "program" ? bringProgram : bringImage;
      const fetched = await bring(store, archive, cachePath(place.path)).catch((error: unknown) => unusable(tool, error));
      return fetched ? [`${tool.name} ${tool.version}`] : [];
    }),
  );
  // Else each recovery would wait for a download that can't come.
  if (!tools.some(({ name }) => name === "pulumi-resource-command")) rememberNoDownload();
  return brought.flat();
}

/** The folder is what marks it as there, so it comes last. */
async function bringProgram(store: RecoveryStore, object: StoredObject, path: string): Promise<boolean> {
  if (existsSync(path)) return false;
  await makeOnce(dirname(path), async (temporary) => {
    mkdirSync(temporary);
    const program = join(temporary, path.slice(dirname(path).length + 1));
    await store.get(object, program);
    chmodSync(program, 0o755);
  });
  return true;
}

async function bringImage(store: RecoveryStore, object: StoredObject, path: string): Promise<boolean> {
  if (existsSync(path)) return false;
  const archive = cachePath("archives", `${object.sha256}.tar.gz`);
  await fetchObject(store, object, archive);
  await makeOnce(path, (temporary) => unpackImage(archive, temporary));
  rmSync(archive);
  return true;
}

function unusable({ name, version }: Tool, error: unknown): never {
  if (!(error instanceof StoreFailure)) throw error;
  throw new FleetError(`the store's ${name} ${version} can't be used: ${error.message}`, {
    kept: "everything; no machine was touched.",
    next: `take another copy of the store, or another set: --set ID`,
  });
}
