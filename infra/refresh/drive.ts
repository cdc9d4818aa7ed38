/** Brings a group onto what is wanted: starts a refresh, or takes up the one that runs, and waits for its end. */
import { exitCodes, FleetError } from "../errors.ts";
import { type Pace, persist, unanswered } from "../groups/patience.ts";
import type { Trouble } from "../groups/trouble.ts";
import type { GroupApi } from "./api.ts";
import { type GroupState, nextStep, standing, versionOf } from "./group.ts";
import type { RefreshPlan, RefreshResult } from "./plan.ts";
import { endings, hasEnded, meanings, progressLine, type Refresh } from "./status.ts";

/** A refresh takes minutes; more often would only help to be throttled. */
const LOOK_EVERY_MS = 10_000;

/** @throws FleetError when the group isn't as wanted at the end, saying why and what it is on */
export async function refresh(plan: RefreshPlan, api: GroupApi, options: Pace): Promise<RefreshResult> {
  const call = patient(plan, options);
  for (;;) {
    if ((await call(api.group)) === undefined) throw noGroup(plan);
    const refreshes = await call(api.refreshes);
    // Looked at after them: one that ends in between has changed it.
    const state = await call(api.group);
    if (state === undefined) throw noGroup(plan);
    const step = nextStep(plan.desired, state, refreshes);
    if (step.kind === "nothing") return resultOf(plan, state, options);
    const id = step.kind === "start" ? await start(plan, api, options) : step.id;
    if (step.kind === "follow") options.say(`a refresh to version ${versionOf(plan.desired)} runs already (${id}); waiting for its end`);
    if (step.kind === "wait") options.say(`another refresh runs (${id}); waiting for its end, as there can be one only`);
    const ended = id === undefined ? undefined : await watch(id, call, api, options);
    if (ended === undefined) await options.sleep(LOOK_EVERY_MS);
    // Somebody else's end is none of ours, whatever it was.
    if (ended === undefined || step.kind === "wait") continue;
    const after = await call(api.group);
    if (meanings[ended.status] !== "done") throw notAsWanted(plan, ended, after);
    // One that was found may have led to our version, but not to our types.
    if (step.kind === "start" && after !== undefined) return resultOf(plan, after, options);
  }
}

function resultOf({ desired, group }: RefreshPlan, { machines }: GroupState, { say }: Pace): RefreshResult {
  const version = versionOf(desired);
  say(`the group is on version ${version}, with ${machines.length} ${machines.length === 1 ? "machine" : "machines"}`);
  return { schema: 1, group, version, machines: machines.length };
}

/** @returns undefined when another one was started in the same moment: by somebody else, or by a call of ours whose answer was lost */
async function start(plan: RefreshPlan, api: GroupApi, options: Pace): Promise<string | undefined> {
  const call = patient(plan, options);
  try {
    const id = await call(api.start);
    options.say(`refresh to version ${versionOf(plan.desired)} started (${id})`);
    return id;
  } catch (error) {
    if (IN_PROGRESS.test((error as Error).name)) return undefined;
    throw error;
  }
}

const IN_PROGRESS = /^InstanceRefreshInProgress(Fault)?$/;

type Call = <T>(ask: () => Promise<T>) => Promise<T>;

/** @returns undefined when AWS doesn't know it any more */
async function watch(id: string, call: Call, api: GroupApi, { say, sleep, signal }: Pace): Promise<Refresh | undefined> {
  let told = "";
  for (;;) {
    const found = (await call(api.refreshes)).find((refresh) => refresh.id === id);
    if (found === undefined) return undefined;
    const line = progressLine(found);
    if (line !== told) say(line);
    told = line;
    if (hasEnded(found)) return found;
    if (signal.aborted) throw unwatched("nobody waits for it any more", exitCodes.interrupted);
    await sleep(LOOK_EVERY_MS);
  }
}

/** Aborted when nobody waits any more. The refresh goes on: AWS does it, not we. */
function patient({ group, region }: RefreshPlan, pace: Pace): Call {
  const about = { of: `group ${group}`, region, takesUp: "the refresh that runs", kept: GOES_ON };
  const giveUp = (trouble: Trouble, error: Error): Error => {
    if (IN_PROGRESS.test(error.name)) return error;
    return pace.signal.aborted ? unwatched("nobody waits for it any more", exitCodes.interrupted) : unanswered(about, trouble, error);
  };
  return (ask) => persist(pace, { everyMs: LOOK_EVERY_MS, giveUp }, ask);
}

const GOES_ON = "a refresh that has begun goes on at AWS; the group serves";

function unwatched(why: string, exitCode: number): FleetError {
  return new FleetError(`the refresh isn't watched any more: ${why}.`, {
    kept: GOES_ON,
    next: "run the same command again: it takes up the refresh that runs. To undo it: aws autoscaling rollback-instance-refresh",
    exitCode,
  });
}

function notAsWanted({ group }: RefreshPlan, { status, reason }: Refresh, state: GroupState | undefined): FleetError {
  const why = reason === undefined ? "" : `: ${reason}`;
  return new FleetError(`the refresh of ${group} ${endings[status]}${why}`, {
    kept: state === undefined ? "nothing is known of the group" : standing(state),
    next:
      status === "Cancelled"
        ? "run the same command again for the new version, or the release before for the old one: machines of both may be there."
        : "see a machine's console (aws ec2 get-console-output): its boot says why it doesn't serve; then run the same command again.",
  });
}

function noGroup({ group, region }: RefreshPlan): FleetError {
  return new FleetError(`there is no group ${group} in ${region}.`, {
    kept: "everything; nothing was started.",
    next: "pulumi refresh, so that the state knows; then run the same command again.",
  });
}
