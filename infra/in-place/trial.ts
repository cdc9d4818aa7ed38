/** The first half of a release in place: on trial on every machine that serves, or on none. */
import { noGroup, notTried, unbooted, unknownTo, unreached } from "./failures.ts";
import { BOOT_MS } from "./first-boot.ts";
import { type Invocation, outcomeOf, type Sent } from "./invocation.ts";
import type { GroupMachine } from "./members.ts";
import { Stopped } from "./patience.ts";
import { short } from "./plan.ts";
import { type Ended, pause, type Run, watch } from "./watch.ts";

export interface Trial {
  /** Machines that failed, and were few enough to be replaced. */
  failed: string[];
}

interface Start {
  /** The command that does it already. */
  underWay: Sent | undefined;
  /** The manifest that the fleet was on. */
  before: string | undefined;
}

/** A group's machine that has just begun to serve may not be known to Systems Manager yet. */
const REACHING = { forMs: 300_000, waiting: "waiting until Systems Manager reaches", over: unreached };
/** One that has a name is known, and may be at its first boot. */
const BOOTING = { forMs: BOOT_MS, waiting: "waiting for the first boot of", over: unbooted };
const PAUSES_BETWEEN = 4;

/** @throws FleetError after machines were told to go back */
export async function tryAll(run: Run, { underWay, before }: Start): Promise<Trial> {
  const patience = run.plan.instances === undefined ? REACHING : BOOTING;
  const deadlineMs = run.pace.nowMs() + patience.forMs;
  let next = underWay?.id;
  try {
    for (;;) {
      const { failed, missing } = await tryRound(run, { underWay: next, before });
      next = undefined;
      if (missing.length === 0) return { failed };
      if (run.pace.nowMs() > deadlineMs) throw patience.over(run.plan, missing, before);
      run.pace.say(`${patience.waiting} ${missing.join(", ")}`);
      for (let pauses = 0; pauses < PAUSES_BETWEEN; pauses += 1) await pause(run);
    }
  } catch (error) {
    // A decision that was made stands.
    if (before !== run.plan.manifest || error instanceof Stopped) await goBack(run, error instanceof Stopped);
    throw error;
  }
}

interface Round extends Trial {
  /** Machines that serve, and that the release did not come to. */
  missing: string[];
}

/** @throws FleetError when the release is not to stay */
async function tryRound(run: Run, { underWay, before }: { underWay: string | undefined; before: string | undefined }): Promise<Round> {
  const ended = await tryOnce(run, underWay);
  const invocations = ended?.invocations ?? [];
  const failed = invocations.filter((one) => outcomeOf(one) === "failed");
  if (ended !== undefined && isUndone(run, ended, failed)) throw await notTried(run, ended, failed, before);
  const strangers = invocations.filter((one) => outcomeOf(one) === "outside").map(({ machine }) => machine);
  if (strangers.length > 0) throw unknownTo(run.plan, strangers, before);
  return { failed: failed.map(({ machine }) => machine), missing: await missingAfter(run, invocations) };
}

/** @param underWay the command that does it already */
export async function tryOnce(run: Run, underWay?: string): Promise<Ended | undefined> {
  const id = underWay ?? (await run.api.send("try"));
  if (underWay === undefined) run.pace.say(`release ${short(run.plan.manifest)} is sent to the machines (${id})`);
  run.renewedMs ??= run.pace.nowMs();
  try {
    return await watch(run, id);
  } catch (error) {
    if (error instanceof Stopped) await run.api.cancel(id);
    throw error;
  }
}

/** A command isn't a success either where fewer machines failed than may (Systems Manager guide, "Incomplete"). */
function isUndone({ plan }: Run, { command, invocations }: Ended, failed: readonly Invocation[]): boolean {
  if (command.status === "Cancelled" || failed.length > plan.maxErrors) return true;
  // With every one of a fleet's machines on trial, it failed on one that is no part of the fleet any more.
  const tried = invocations.filter((one) => outcomeOf(one) === "trial").length;
  return command.status !== "Success" && failed.length === 0 && tried !== plan.instances?.machines.length;
}

/** Machines that serve, and that the release did not come to. */
async function missingAfter({ api, plan }: Run, invocations: readonly Invocation[]): Promise<string[]> {
  const machines: GroupMachine[] | undefined = await api.machines();
  if (machines === undefined) throw noGroup(plan);
  const done = new Set(invocations.filter((one) => ["trial", "failed"].includes(outcomeOf(one))).map(({ machine }) => machine));
  return machines.filter(({ id, state }) => state === "serving" && !done.has(id)).map(({ id }) => id);
}

/** Who can't be told goes back by itself. @param hasty nobody waits for it */
async function goBack(run: Run, hasty: boolean): Promise<void> {
  run.renewedMs = undefined;
  try {
    const id = await run.api.send("back");
    run.pace.say(`all machines are told to go back (${id})`);
    if (!hasty) await watch(run, id);
  } catch (error) {
    run.pace.say(`machines can't be told to go back (${(error as Error).message.split("\n")[0]}); they do so by themselves`);
  }
}
