/** Finds npm, and runs it with the Node that runs this program. */
import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { FleetError } from "../errors.ts";
import { runTool, type ToolOptions, type ToolResult } from "./tool.ts";

/** Runs npm. @throws FleetError when there is none; a failure of npm's is in the result */
export async function runNpm(args: readonly string[], options: ToolOptions = {}): Promise<ToolResult> {
  const script = npmScript(process.env.npm_execpath, process.execPath, existsSync);
  const result = script === undefined ? await runTool("npm", args, options) : await runTool(process.execPath, [script, ...args], options);
  if (result.outcome !== "missing") return result;
  throw new FleetError("npm, which fetches packages, isn't on this computer.", {
    next: "Install it: `apt-get install npm`, or Node.js from nodejs.org, which brings it.",
  });
}

/** npm's own script: the npm that started this program (`npm run`), else the one installed with this Node; else undefined. */
export function npmScript(execPath: string | undefined, node: string, exists: (path: string) => boolean): string | undefined {
  const started = execPath !== undefined && basename(execPath) === "npm-cli.js" ? [execPath] : [];
  const beside = join(dirname(node), "..", "lib", "node_modules", "npm", "bin", "npm-cli.js");
  return [...started, beside].find(exists);
}
