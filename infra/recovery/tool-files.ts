/** Programs that a rebuild needs on the operator's computer. */
import { statSync } from "node:fs";
import { NODE_VERSION } from "../build/node-binary.ts";
import { CADDY_VERSION } from "../offline/caddy.ts";
import { execute } from "../offline/executables.ts";
import { pulumiCli } from "../offline/tools.ts";

export interface Tool {
  name: string;
  version: string;
  platform?: string;
  /** A file that is put by with it. */
  file?: string;
}

/** As Node names them: "linux-x64". */
const platform = `${process.platform}-${process.arch}`;

/** Node and Caddy are in every runtime bundle. */
export async function localTools(say: (line: string) => void): Promise<Tool[]> {
  const { path } = await pulumiCli({ say });
  const { stdout } = await execute(path, ["version"], { timeoutMs: 10_000 });
  return [
    { name: "pulumi", version: stdout.trim().replace(/^v/, ""), platform, ...(statSync(path).isFile() ? { file: path } : {}) },
    { name: "node", version: NODE_VERSION },
    { name: "caddy", version: CADDY_VERSION },
  ];
}
