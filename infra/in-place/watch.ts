/** Follows one command to its end, machine by machine, and keeps alive what is on trial meanwhile. */
import type { Pace } from "../groups/patience.ts";
import type { InPlaceApi } from "./api.ts";
import { hasEnded, type Invocation, outcomeOf, progressLine, type Sent } from "./invocation.ts";
import { LOOK_EVERY_MS, Stopped } from "./patience.ts";
import type { InPlacePlan } from "./plan.ts";

/** What all steps of one release share. */
export interface Run {
  plan: InPlacePlan;
  /** Patient. */
  api: InPlaceApi;
  pace: Pace;
  /** Since when machines may be on trial; undefined while none is. */
  renewedMs: number | undefined;
}

export interface Ended {
  command: Sent;
  invocations: Invocation[];
}

/** A third of what a machine on trial waits, so that two may get lost. */
const RENEW_EVERY_MS = 200_000;

/** @throws Stopped when the operator asks to stop; undefined when AWS doesn't know the command any more */
export async function watch(run: Run, id: string): Promise<Ended | undefined> {
  const told = new Map<string, string>();
  let unknown = 0;
  for (;;) {
    const command = await run.api.sent(id);
    const invocations = await run.api.invocations(id);
    for (const one of invocations) tell(run, told, one);
    if (command === undefined) unknown += 1;
    if (unknown > LOOKS_FOR_UNKNOWN) return undefined;
    if (command !== undefined && hasEnded(command)) return { command, invocations };
    await pause(run);
  }
}

/** A command that was just sent may not be in the list yet. */
const LOOKS_FOR_UNKNOWN = 12;

function tell({ pace }: Run, told: Map<string, string>, invocation: Invocation): void {
  const line = progressLine(invocation);
  if (told.get(invocation.machine) !== line && outcomeOf(invocation) !== "running") pace.say(line);
  told.set(invocation.machine, line);
}

/** Until it is time to look again. @throws Stopped when the operator asks to stop */
export async function pause(run: Run): Promise<void> {
  const { pace, api } = run;
  if (run.renewedMs !== undefined && pace.nowMs() - run.renewedMs > RENEW_EVERY_MS) {
    run.renewedMs = pace.nowMs();
    await api.send("renew");
  }
  if (!pace.signal.aborted) await pace.sleep(LOOK_EVERY_MS);
  if (pace.signal.aborted) throw new Stopped();
}
