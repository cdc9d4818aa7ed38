/** The second half: the release is the fleet's, and every machine gets it for good, also those that came in between. */
import { noGroup, notEverywhere, stoppedHalfway } from "./failures.ts";
import { authorityOf, outcomeOf } from "./invocation.ts";
import type { GroupMachine } from "./members.ts";
import { Stopped } from "./patience.ts";
import { tryOnce } from "./trial.ts";
import { pause, type Run, watch } from "./watch.ts";

/** By machine: `authorityOf` it. */
export type Confirmed = Map<string, string>;

/** Beside a machine's warm-up, for Systems Manager to know it. */
const REACH_MS = 300_000;

/**
 * @param failed machines that will be replaced
 * @returns who has it, and the certificate of its authority
 * @throws FleetError naming machines that don't have it when it should long have come to them
 */
export async function confirmAll(run: Run, failed: readonly string[]): Promise<Confirmed> {
  try {
    return await toTheEnd(run, failed);
  } catch (error) {
    throw error instanceof Stopped ? stoppedHalfway(run.plan) : error;
  }
}

async function toTheEnd(run: Run, failed: readonly string[]): Promise<Confirmed> {
  const deadlineMs = run.pace.nowMs() + run.plan.warmUpMs + REACH_MS;
  const confirmed: Confirmed = new Map();
  // Born before the decision, it may come up on what was before; later ones don't.
  let born: Set<string> | undefined;
  for (;;) {
    const ended = await watch(run, await run.api.send("confirm"));
    for (const one of ended?.invocations ?? []) if (outcomeOf(one) === "confirmed") confirmed.set(one.machine, authorityOf(one));
    const machines = await groupOf(run);
    born ??= new Set(machines.filter(({ state }) => state === "coming").map(({ id }) => id));
    const missing = machines.filter((machine) => isAwaited(machine, born) && !confirmed.has(machine.id) && !failed.includes(machine.id));
    if (missing.length === 0) return new Map([...confirmed].filter(([machine]) => machines.some(({ id }) => id === machine)));
    if (run.pace.nowMs() > deadlineMs)
      throw await notEverywhere(
        run,
        ended,
        missing.map(({ id }) => id),
      );
    await pause(run);
    if (missing.some(({ state }) => state === "serving")) await tryOnce(run);
  }
}

const isAwaited = ({ id, state }: GroupMachine, born: ReadonlySet<string> | undefined): boolean =>
  state === "serving" || (state === "coming" && born?.has(id) === true);

async function groupOf({ api, plan }: Run): Promise<GroupMachine[]> {
  const machines = await api.machines();
  if (machines === undefined) throw noGroup(plan);
  return machines;
}
