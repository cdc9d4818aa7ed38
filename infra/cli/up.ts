/** `fleet up`: `pulumi up` itself, with an exit code for "done, but not on every machine". */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { LocalWorkspace } from "@pulumi/pulumi/automation/index.js";
import { exitCodes } from "../errors.ts";
import { pulumiEnvironment } from "../offline/tools.ts";
import { sayToStderr } from "./stacks.ts";

export async function up({ stack, skip }: { stack: string; skip?: string }): Promise<number> {
  const { pulumi, env } = await pulumiEnvironment({ say: sayToStderr });
  Object.assign(process.env, env, skip === undefined ? {} : { FLEETWRIGHT_SKIP: skip });
  const child = spawn(pulumi, ["up", "--yes", "--skip-preview", "--stack", stack], { stdio: "inherit" });
  // Ctrl-C reaches the engine by itself; this process only waits for its end.
  process.on("SIGINT", () => undefined);
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0) return process.exitCode === undefined && code === null ? exitCodes.interrupted : exitCodes.failed;
  const opened = await LocalWorkspace.selectStack({ stackName: stack, workDir: process.cwd() });
  const skipped = ((await opened.outputs()).skipped?.value ?? []) as string[];
  return skipped.length > 0 ? exitCodes.partial : exitCodes.ok;
}
