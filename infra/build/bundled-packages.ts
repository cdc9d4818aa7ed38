/** Which npm packages a bundle has in it, from the list of its modules. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { BundledPackage } from "./sbom.ts";

/**
 * @param root the folder that `modules` are relative to, with package-lock.json
 * @param modules as `bundle` returns them
 */
export function bundledPackages(root: string, modules: readonly string[]): BundledPackage[] {
  const lock = lockedPackages(root);
  const folders = new Set(modules.map(packageFolder).filter((folder) => folder !== undefined));
  return [...folders].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")) as BundledPackage;
    // A linked node_modules is named by its way there.
    const integrity = lock[folder.slice(folder.indexOf("node_modules/"))]?.integrity;
    return { name, version, license, ...(integrity === undefined ? {} : { integrity }) };
  });
}

/** `node_modules/zod` of `node_modules/zod/v4/core.js`; undefined for our own. */
function packageFolder(module: string): string | undefined {
  return /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(module)?.[0];
}

function lockedPackages(root: string): Record<string, { integrity?: string } | undefined> {
  const path = join(root, "package-lock.json");
  if (!existsSync(path)) return {};
  return (JSON.parse(readFileSync(path, "utf8")) as { packages: Record<string, { integrity?: string }> }).packages;
}
