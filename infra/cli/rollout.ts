/**
 * `fleet rollout`: a plan on standard input, progress on standard error, the result on standard output.
 *
 * Pulumi ends a command with SIGKILL when it is interrupted. So the rollout is driven by a process of its own, out of
 * the killed one's group, which notices the death of this one and puts back what it had switched.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { redactor } from "../../runtime/redact.ts";
import { exitCodes, FleetError } from "../errors.ts";
import { drive } from "../rollout/drive.ts";
import { columns } from "../rollout/progress.ts";
import { confidentialIn, readPlan } from "./plan-input.ts";

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Starts the driver and waits for it. */
export async function rollout(): Promise<number> {
  const [script = ""] = process.argv.slice(1);
  const driver = spawn(process.execPath, [...process.execArgv, script, "rollout", "--drive"], {
    stdio: ["inherit", "inherit", "inherit", "ipc"],
    detached: true,
  });
  for (const signal of signals) process.on(signal, () => driver.kill(signal));
  const [code] = (await once(driver, "exit")) as [number | null];
  return code ?? exitCodes.failed;
}

/** Carries out the plan. */
export async function driveRollout(): Promise<number> {
  const interrupt = interruption();
  const plan = readPlan(await text(process.stdin));
  const names = plan.machines.map(({ name }) => name);
  const redact = redactor(confidentialIn(plan));
  const print = (text: string): void => void process.stderr.write(`${redact(text)}\n`);
  const say = columns(names, print);
  try {
    const result = await drive(plan, say, interrupt);
    process.stdout.write(JSON.stringify(result));
    return exitCodes.ok;
  } catch (error) {
    if (error instanceof FleetError) print(error.message);
    else print(`fault in the rollout itself: ${(error as Error).stack}`);
    return error instanceof FleetError ? error.exitCode : exitCodes.failed;
  }
}

/** Aborted by a signal, or by the end of the process that waits for us: then nobody reads what we print any more. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const signal of signals) process.on(signal, () => controller.abort());
  process.on("disconnect", () => controller.abort());
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
  return controller.signal;
}
