/**
 * `fleet rollout`: a plan on standard input, progress on standard error, the result on standard output.
 *
 * Pulumi ends a command with SIGKILL when it is interrupted. So the rollout is driven by a process of its own, out of
 * the killed one's group, which notices the death of this one and puts back what it had switched.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { exitCodes } from "../errors.ts";

export const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** @param json events as lines of JSON on standard error, in place of the lines for people */
export interface RolloutOptions {
  json?: boolean;
}

/** Starts the driver and waits for it. */
export async function rollout({ json = false }: RolloutOptions): Promise<number> {
  const [script = ""] = process.argv.slice(1);
  const driver = spawn(process.execPath, [...process.execArgv, script, "rollout", "--drive", ...(json ? ["--json"] : [])], {
    stdio: ["inherit", "inherit", "inherit", "ipc"],
    detached: true,
  });
  for (const signal of signals) process.on(signal, () => driver.kill(signal));
  const [code] = (await once(driver, "exit")) as [number | null];
  return code ?? exitCodes.failed;
}
