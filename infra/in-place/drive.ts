/**
 * Brings a release to machines in place, those of a group or such as have names: on trial on all of them, then the fleet's record, then
 * confirmed. The record is the decision: until it is written everything goes back, by itself if nobody is there to ask for it; from then
 * on everything goes forward, and a machine that is born has the new release.
 */
import type { Pace } from "../groups/patience.ts";
import type { InPlaceApi } from "./api.ts";
import { confirmAll } from "./confirming.ts";
import { noGroup } from "./failures.ts";
import { awaitReached } from "./first-boot.ts";
import { isRelease, type Sent } from "./invocation.ts";
import { patient } from "./patience.ts";
import { type InPlacePlan, type InPlaceResult, short, whole } from "./plan.ts";
import { tryAll } from "./trial.ts";
import { type Run, watch } from "./watch.ts";

/** @throws FleetError when the group isn't as wanted at the end, saying why, and what its machines are on */
export async function bringInPlace(plan: InPlacePlan, given: InPlaceApi, pace: Pace): Promise<InPlaceResult> {
  const run: Run = { plan, api: patient(plan, given, pace), pace, renewedMs: undefined };
  const { api } = run;
  if ((await api.machines()) === undefined) throw noGroup(plan);
  await awaitReached(run);
  const underWay = await othersEnded(run);
  const before = await api.record();
  const { failed } = await tryAll(run, { underWay, before });
  if (before !== plan.manifest) await api.write();
  const confirmed = await confirmAll(run, failed);
  for (const machine of failed) {
    await api.replace?.(machine);
    pace.say(`${machine}: is replaced by a machine that has the release`);
  }
  const machines = confirmed.size;
  pace.say(`the ${whole(plan)} is on ${short(plan.manifest)}, with ${machines} ${machines === 1 ? "machine" : "machines"}`);
  const authorities = [...new Set(confirmed.values())].join("");
  return { schema: 1, group: plan.group, manifest: plan.manifest, machines, ...(authorities === "" ? {} : { authorities }) };
}

/** There can be one release at a time. @returns the command that brings ours already */
async function othersEnded(run: Run): Promise<Sent | undefined> {
  for (;;) {
    const [first] = (await run.api.running()).filter(isRelease);
    if (first === undefined) return undefined;
    if (first.action === "try" && first.manifest === run.plan.manifest) {
      run.pace.say(`the release ${short(first.manifest)} is being tried already (${first.id}); waiting for its end`);
      return first;
    }
    run.pace.say(`another command of the fleet runs (${first.id}); waiting for its end, as there can be one only`);
    await watch(run, first.id);
  }
}
