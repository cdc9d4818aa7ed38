/** `fleet up`: `pulumi up` itself, with an exit code for "done, but not on every machine". */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { exitCodes } from "../errors.ts";
import { pulumiEnvironment } from "../offline/tools.ts";
import { overrideVariables } from "../overrides.ts";
import { SKIP_VARIABLE } from "../skip.ts";
import { readOutputs, sayToStderr } from "./stacks.ts";

export interface UpOptions {
  stack: string;
  skip?: string;
  takeOver?: boolean;
  repeatOnce?: string;
}

export async function up({ stack, skip, ...overrides }: UpOptions): Promise<number> {
  const { pulumi, env } = await pulumiEnvironment({ say: sayToStderr });
  Object.assign(process.env, env, skip === undefined ? {} : { [SKIP_VARIABLE]: skip }, overrideVariables(overrides));
  const child = spawn(pulumi, ["up", "--yes", "--skip-preview", "--stack", stack], { stdio: "inherit" });
  let heard = false;
  process.on("SIGINT", () => {
    // A terminal's Ctrl-C reaches the engine by itself; this process only waits for its end.
    heard = true;
  });
  process.on("SIGTERM", () => {
    heard = true;
    child.kill("SIGINT");
  });
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0) return heard ? exitCodes.interrupted : exitCodes.failed;
  const { skipped } = await readOutputs(stack);
  return Array.isArray(skipped) && skipped.length > 0 ? exitCodes.partial : exitCodes.ok;
}
