/**
 * `npm run licences`: the licence of every installed package, and of what else a runtime bundle holds; fails for one that isn't on the
 * list.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CADDY_VERSION } from "../offline/caddy.ts";
import { licenceOf, licenceProblem, type Licensed } from "./licence-rules.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** The bundle's Node comes from an npm package of the list; its Python is the machine's own. */
const others: Licensed[] = [{ name: "caddy", version: CADDY_VERSION, license: "Apache-2.0" }];

interface Locked {
  version?: string;
  link?: boolean;
  license?: unknown;
}

/** What isn't installed here, for another system, is taken from the lock file. */
function packagesOf(folder: string): Licensed[] {
  const { packages } = JSON.parse(readFileSync(join(folder, "package-lock.json"), "utf8")) as { packages: Record<string, Locked> };
  const foreign = Object.entries(packages).filter(([path, { link }]) => path.includes("node_modules/") && link !== true);
  return foreign.map(([path, { version = "", license }]) => {
    const name = path.replace(/^.*node_modules\//, "");
    const installed = join(folder, path, "package.json");
    const read = existsSync(installed) ? (JSON.parse(readFileSync(installed, "utf8")) as Licensed) : { license };
    return { ...read, name, version };
  });
}

const parts = [...packagesOf(root), ...packagesOf(join(root, "examples/node")), ...others];
const byLicence = Map.groupBy(parts, (part) => licenceOf(part) ?? "none");
for (const [licence, of] of [...byLicence].sort(([, a], [, b]) => b.length - a.length))
  console.log(`${String(of.length).padStart(4)}  ${licence}`);
const problems = parts.map(licenceProblem).filter((problem) => problem !== undefined);
for (const problem of problems) console.error(problem);
if (problems.length > 0) {
  console.error("Take another package, or decide for the licence in infra/pack/licence-rules.ts.");
  process.exitCode = 1;
}
