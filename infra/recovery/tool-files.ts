/** Programs that a rebuild needs on the operator's computer. */
import { statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { NODE_VERSION } from "../build/node-binary.ts";
import { CADDY_VERSION } from "../offline/caddy.ts";
import { execute } from "../offline/executables.ts";
import type { Suite } from "../machines/local/spec.ts";
import { pulumiCli } from "../offline/tools.ts";
import { packImage } from "./images.ts";
import { PACKAGES_TOOL, packPackages } from "./packages.ts";

export interface Tool {
  name: string;
  version: string;
  platform?: string;
  /** A file that is put by with it. */
  file?: string;
}

/** As Node names them: "linux-x64". */
const platform = `${process.platform}-${process.arch}`;

/** In a clone, where this file's packages are. */
const clone = fileURLToPath(new URL("../../", import.meta.url));

/**
 * Node and Caddy are in every runtime bundle; this program's own Node is among its packages.
 * @param image of the stack's local machines
 */
export async function localTools(say: (line: string) => void, image: Suite | undefined): Promise<Tool[]> {
  const { path } = await pulumiCli({ say });
  const { stdout } = await execute(path, ["version"], { timeoutMs: 10_000 });
  const packages = await packPackages(clone);
  const packed = image === undefined ? undefined : await packImage(image);
  return [
    ...(packages === undefined ? [] : [{ name: PACKAGES_TOOL, ...packages }]),
    { name: "pulumi", version: stdout.trim().replace(/^v/, ""), platform, ...(statSync(path).isFile() ? { file: path } : {}) },
    { name: "node", version: NODE_VERSION },
    { name: "caddy", version: CADDY_VERSION },
    ...(packed === undefined ? [] : [packed]),
  ];
}
