/**
 * `fleet rollout`: a plan on standard input, progress on standard error, the result on standard output.
 *
 * Pulumi ends a command with SIGKILL when it is interrupted. So the rollout is driven by a process of its own, out of
 * the killed one's group, which notices the death of this one and puts back what it had switched.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { redactor } from "../../runtime/redact.ts";
import { exitCodes, FleetError } from "../errors.ts";
import { EVENTS_VARIABLE, overridesOf } from "../overrides.ts";
import { drive } from "../rollout/drive.ts";
import { type RolloutEvent, stamp, type Tell } from "../rollout/events.ts";
import { columns } from "../rollout/progress.ts";
import { summaryLines } from "../rollout/summary.ts";
import { confidentialIn, readPlan } from "./plan-input.ts";

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

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

/** Carries out the plan. */
export async function driveRollout({ json = false }: RolloutOptions): Promise<number> {
  const interrupt = interruption();
  const plan = readPlan(await text(process.stdin));
  const names = plan.machines.map(({ name }) => name);
  const { takeOver, repeatOnce, eventsFile, recovers } = overridesOf(process.env);
  const redact = redactor(confidentialIn(plan));
  const print = (text: string): void => void process.stderr.write(`${redact(text)}\n`);
  const say = json ? () => undefined : columns(names, print);
  const events: RolloutEvent[] = [];
  const tell = eventWriter(plan.fleet, events, redact, json ? print : undefined, eventsFile);
  try {
    const result = await drive(plan, say, interrupt, { takeOver, repeatOnce, recovers, tell });
    if (!json) summaryLines(events).forEach(print);
    process.stdout.write(JSON.stringify(result));
    return exitCodes.ok;
  } catch (error) {
    if (!(error instanceof FleetError)) print(`fault in the rollout itself: ${(error as Error).stack}`);
    else if (!json) print(error.message);
    return error instanceof FleetError ? error.exitCode : exitCodes.failed;
  }
}

/** Keeps events for the summary, and writes them where they are wanted. A file that can't be written to doesn't stop a rollout. */
function eventWriter(
  fleet: string,
  events: RolloutEvent[],
  redact: (text: string) => string,
  print: ((line: string) => void) | undefined,
  file: string | undefined,
): Tell {
  const startedMs = performance.now();
  return (event) => {
    events.push(event);
    const line = JSON.stringify({ ...stamp(event, startedMs), fleet });
    print?.(line);
    if (file === undefined) return;
    try {
      appendFileSync(file, `${redact(line)}\n`);
    } catch (error) {
      process.stderr.write(`${EVENTS_VARIABLE}: ${(error as Error).message}\n`);
    }
  };
}

/** Aborted by a signal, or by the end of the process that waits for us: then nobody reads what we print any more. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const signal of signals) process.on(signal, () => controller.abort());
  process.on("disconnect", () => controller.abort());
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
  return controller.signal;
}
