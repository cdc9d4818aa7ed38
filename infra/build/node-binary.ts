/** The Node.js that runs on machines: one pinned version, from npm's `node-linux-<arch>` packages. */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { extract } from "tar";
import { cachePath, makeOnce } from "../cache.ts";
import { FleetError } from "../errors.ts";
import type { Target } from "../machines/machine.ts";
import { runNpm } from "./npm.ts";
import { lastLines } from "./tool.ts";

export const NODE_VERSION = "24.21.0";

/** As `npm view node-linux-<arch>@<version> dist.integrity` prints it. */
const integrity: Record<Target["arch"], string> = {
  x64: "sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==",
  arm64: "sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==",
};

/**
 * Path of the `node` program for an architecture: from this project's own packages when it is there, else from the cache.
 * @throws FleetError when npm can't fetch it, or it isn't what is pinned
 */
export async function nodeBinary(arch: Target["arch"], say: (line: string) => void): Promise<string> {
  const installed = installedPackage(`node-linux-${arch}`);
  if (installed !== undefined) return join(installed, "bin", "node");
  const folder = await makeOnce(cachePath("node", `${NODE_VERSION}-${arch}`), (temporary) => fetchNode(arch, temporary, say));
  return join(folder, "bin", "node");
}

function installedPackage(name: string): string | undefined {
  try {
    const path = createRequire(import.meta.url).resolve(`${name}/package.json`);
    const { version } = JSON.parse(readFileSync(path, "utf8")) as { version: string };
    return version === NODE_VERSION ? dirname(path) : undefined;
  } catch {
    return undefined;
  }
}

async function fetchNode(arch: Target["arch"], folder: string, say: (line: string) => void): Promise<void> {
  say(`fetching Node.js ${NODE_VERSION} for ${arch}`);
  mkdirSync(folder);
  const name = `node-linux-${arch}`;
  const result = await runNpm(["pack", "--silent", "--pack-destination", folder, `${name}@${NODE_VERSION}`], { cwd: folder });
  if (result.outcome !== "ok") {
    throw new FleetError(`npm could not fetch ${name}@${NODE_VERSION}.`, {
      log: lastLines(result.stderr),
      next: "Check this computer's network and npm settings, then run this again.",
    });
  }
  const archive = join(folder, `${name}-${NODE_VERSION}.tgz`);
  requireIntegrity(`${name}@${NODE_VERSION}`, readFileSync(archive), integrity[arch]);
  await extract({ file: archive, cwd: folder, strip: 1, filter: (path) => path === "package/bin/node" });
  rmSync(archive);
}

/** @throws FleetError when the bytes don't have the hash, written as npm does: `sha512-<base64>` */
export function requireIntegrity(what: string, bytes: Buffer, expected: string): void {
  const found = `sha512-${createHash("sha512").update(bytes).digest("base64")}`;
  if (found === expected) return;
  throw new FleetError(`${what} is not the package that is pinned.`, {
    kept: "everything; it was thrown away.",
    log: [`expected ${expected}`, `found    ${found}`],
    next: "Find out what your registry or proxy serves before you go on.",
  });
}
