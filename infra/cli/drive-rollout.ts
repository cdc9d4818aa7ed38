/** What `fleet rollout` has another process do: a plan on standard input, progress on standard error, the result on standard output. */
import { appendFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { redactor } from "../../runtime/redact.ts";
import { exitCodes, FleetError } from "../errors.ts";
import { EVENTS_VARIABLE, overridesOf } from "../overrides.ts";
import { drive } from "../rollout/drive.ts";
import { type RolloutEvent, stamp, type Tell } from "../rollout/events.ts";
import type { LeadOptions } from "../rollout/lead.ts";
import { columns } from "../rollout/progress.ts";
import { keepSights, recentSights } from "../rollout/sights.ts";
import { summaryLines } from "../rollout/summary.ts";
import { confidentialIn, readPlan } from "./plan-input.ts";
import { type RolloutOptions, signals } from "./rollout.ts";

/** What a machine has told the program so long ago, it isn't asked once more. Building a release may take minutes in between. */
const TOLD_AGE_MS = 15_000;

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
    const told = recentSights(plan.fleet, TOLD_AGE_MS);
    const keep: LeadOptions["keep"] = (sights) => keepSights(plan.fleet, sights);
    const result = await drive(plan, say, interrupt, { takeOver, repeatOnce, recovers, tell, told, keep });
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
