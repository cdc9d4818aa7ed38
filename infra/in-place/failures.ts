/** What a release in place tells people when it didn't come through. */
import { TRIAL_LEASE_MS } from "../aws/in-place-script.ts";
import { exitCodes, FleetError } from "../errors.ts";
import { type Invocation, outcomeOf } from "./invocation.ts";
import { idOf, type InPlacePlan, short, whole } from "./plan.ts";
import { type Standing, standingWords } from "./standing.ts";
import type { Ended, Run } from "./watch.ts";

/** Of each machine that failed, so many last lines; of a large group, the first machines' are enough. */
const LAST_LINES = 8;
const SHOWN = 3;

function stays(plan: InPlacePlan, before: string | undefined): string {
  if (before === plan.manifest) return `it was the ${whole(plan)}'s release already; machines on which it comes up serve it.`;
  const release = `the ${whole(plan)}'s release${before === undefined ? "" : ` (${short(before)})`}`;
  const minutes = TRIAL_LEASE_MS / 60_000;
  return `${release}; machines that had the new one on trial went back, or do so by themselves in ${minutes} minutes`;
}

/** The trial came to an end that is none to go on from. */
export async function notTried(
  run: Run,
  { command }: Ended,
  failed: readonly Invocation[],
  before: string | undefined,
): Promise<FleetError> {
  const { plan } = run;
  const names = failed.map(({ machine, details }) => (details === "Failed" ? machine : `${machine} (${details})`)).join(", ");
  const how = command.status === "Cancelled" ? "was cancelled" : `failed${failed.length === 0 ? ` (${command.details})` : ""}`;
  const on = failed.length === 0 ? "" : ` on ${names}`;
  return new FleetError(`the release ${short(plan.manifest)} ${how}${on}.`, {
    log: await lastLines(run, command.id, failed),
    kept: stays(plan, before),
    next:
      command.status === "Cancelled"
        ? "run the same command again for the new release, or the release before for the old one."
        : "see the lines above; mend it, then run the same command again.",
  });
}

async function lastLines({ api }: Run, id: string, failed: readonly Invocation[]): Promise<string[]> {
  const each = failed.slice(0, SHOWN).map(async ({ machine }) => {
    // That there are no words must not hide that it failed.
    const text = await api.said(id, machine).catch(() => "");
    const lines = text.split("\n").filter((line) => line.trim() !== "");
    return lines.slice(-LAST_LINES).map((line) => `${machine}: ${line}`);
  });
  return (await Promise.all(each)).flat();
}

/** Systems Manager doesn't know machines that serve. */
export function unreached(plan: InPlacePlan, machines: readonly string[], before: string | undefined): FleetError {
  const { group, manifest } = plan;
  return new FleetError(`Systems Manager doesn't reach ${machines.join(", ")} of ${group}: ${short(manifest)} can't come to it in place.`, {
    kept: stays(plan, before),
    next:
      "see that amazon-ssm-agent runs there and reaches AWS (aws ec2 get-console-output: the boot says whether it could be installed), " +
      "or terminate the machine: the one in its place is born with the group's release.",
  });
}

/** Machines with names of which nothing is heard, or that don't come up on anything. */
export function unbooted(plan: InPlacePlan, names: readonly string[]): FleetError {
  const called = names.map((name) => `${name} (${idOf(plan, name)})`).join(", ");
  const [first = ""] = names;
  const boots = names.length === 1 ? "its first boot comes" : "their first boots come";
  return new FleetError(`${called}: ${boots} to no end that Systems Manager tells of.`, {
    kept: "what other machines serve; no release was decided on.",
    next:
      `aws ec2 get-console-output --latest --output text --region ${plan.region} --instance-id ${idOf(plan, first)}: the lines with ` +
      '"fleetwright:" say what came of it. Mend that and run the same command again; for a machine that has no agent, ' +
      `pulumi up --replace '**aws:ec2/instance:Instance::${plan.fleet}-${first}'.`,
  });
}

/** Machines with names that the release has nothing for: it is older than they are. */
export function unknownTo(plan: InPlacePlan, names: readonly string[], before: string | undefined): FleetError {
  return new FleetError(
    `the release ${short(plan.manifest)} has nothing for ${names.join(", ")}: it is older than ${names.length === 1 ? "it" : "they"}.`,
    {
      kept: stays(plan, before),
      next: "git revert, and pulumi up: that makes a release which has; or go back to one that was there since.",
    },
  );
}

/** Machines with names that can't be waited for. */
export function missingMachines({ region }: InPlacePlan, machines: readonly Standing[]): FleetError {
  const each = machines.map(({ name, id, state }) => `${name} (${id}) ${standingWords[state]}`).join(", ");
  const ids = machines.map(({ id }) => id).join(" ");
  return new FleetError(`${each}: a release comes to all machines of the fleet, or to none.`, {
    kept: "everything; nothing was sent.",
    next: machines.some(({ state }) => state === "gone")
      ? "pulumi refresh, so that the state knows; the next up makes it anew."
      : `aws ec2 start-instances --region ${region} --instance-ids ${ids}; then run the same command again.`,
  });
}

/** The decision was made, and machines don't have the release all the same. */
export async function notEverywhere(run: Run, ended: Ended | undefined, machines: readonly string[]): Promise<FleetError> {
  const failed = (ended?.invocations ?? []).filter((one) => machines.includes(one.machine) && outcomeOf(one) === "failed");
  return new FleetError(`${machines.join(", ")} of ${run.plan.group} did not get the release ${short(run.plan.manifest)}.`, {
    log: ended === undefined ? [] : await lastLines(run, ended.command.id, failed),
    kept: "all other machines have it for good, and machines that are born have it.",
    next:
      run.plan.instances === undefined
        ? "run the same command again, or terminate the machine: the one in its place is born with the release."
        : "see the lines above; mend it, then run the same command again.",
  });
}

/** The operator asked to stop after the decision. */
export function stoppedHalfway(plan: InPlacePlan): FleetError {
  const { manifest } = plan;
  return new FleetError(`the release was interrupted while machines got it for good.`, {
    kept:
      `the ${whole(plan)} is on ${short(manifest)}, and machines that are born have it; a machine that wasn't told goes back by itself ` +
      `in ${TRIAL_LEASE_MS / 60_000} minutes.`,
    next: "run the same command again: it goes on from there.",
    exitCode: exitCodes.interrupted,
  });
}

export function noGroup({ group, region }: InPlacePlan): FleetError {
  return new FleetError(`there is no group ${group} in ${region}.`, {
    kept: "everything; nothing was sent.",
    next: "pulumi refresh, so that the state knows; then run the same command again.",
  });
}
