/** Reads the files a command has left, as the globs of `assetPaths` and `archivePaths` choose them. */
import { createHash } from "node:crypto";
import { createReadStream, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { choose } from "./glob.ts";
import type { LocalInputs } from "./local.ts";
import { archiveOf, fileAsset, type WireMap } from "./wire.ts";

/** The outputs `assets` and `archive`; each only when its globs are given. */
export async function collect(inputs: LocalInputs): Promise<WireMap> {
  const folder = resolve(inputs.dir ?? ".");
  return {
    ...(inputs.assetPaths && { assets: await assets(folder, inputs.assetPaths) }),
    ...(inputs.archivePaths && { archive: archiveOf(await assets(folder, inputs.archivePaths)) }),
  };
}

async function assets(folder: string, patterns: readonly string[]): Promise<WireMap> {
  const result: WireMap = {};
  for (const path of choose(files(folder), patterns).sort()) {
    const whole = join(folder, path);
    result[path] = fileAsset(whole, await sha256(whole));
  }
  return result;
}

function files(folder: string, prefix = ""): string[] {
  return readdirSync(join(folder, prefix), { withFileTypes: true }).flatMap((entry) => {
    const path = prefix === "" ? entry.name : `${prefix}/${entry.name}`;
    return entry.isDirectory() ? files(folder, path) : [path];
  });
}

async function sha256(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest("hex");
}
