/** A group as AWS describes it, and what a refresh has to do with it. Pure. */
import type { MixedInstances } from "../aws/mixed-instances.ts";
import { hasEnded, type Refresh } from "./status.ts";

export interface GroupState {
  /** What the group makes new machines of; undefined when it isn't as we make groups. */
  policy: MixedInstances | undefined;
  machines: { id: string; version: string | undefined }[];
}

/** `follow`: one that leads to what is wanted runs already. `wait`: another one has to end first. */
export type Step = { kind: "nothing" } | { kind: "start" } | { kind: "follow" | "wait"; id: string };

/** @param refreshes the newest first */
export function nextStep(wanted: MixedInstances, group: GroupState, refreshes: readonly Refresh[]): Step {
  const [latest] = refreshes;
  if (latest !== undefined && !hasEnded(latest)) {
    return { kind: latest.version === versionOf(wanted) ? "follow" : "wait", id: latest.id };
  }
  return isAsWanted(wanted, group) ? { kind: "nothing" } : { kind: "start" };
}

function isAsWanted(wanted: MixedInstances, { policy, machines }: GroupState): boolean {
  const version = versionOf(wanted);
  return policy !== undefined && samePolicy(policy, wanted) && machines.every((machine) => machine.version === version);
}

/** By what we set; AWS fills in the rest. */
function samePolicy(a: MixedInstances, b: MixedInstances): boolean {
  return JSON.stringify(parts(a)) === JSON.stringify(parts(b));
}

function parts({ launchTemplate, instancesDistribution: how }: MixedInstances): unknown[] {
  const { launchTemplateId, version } = launchTemplate.launchTemplateSpecification;
  const types = launchTemplate.overrides.map(({ instanceType }) => instanceType);
  const shares = [how.onDemandBaseCapacity, how.onDemandPercentageAboveBaseCapacity];
  return [launchTemplateId, version, types, shares, how.onDemandAllocationStrategy, how.spotAllocationStrategy];
}

export function versionOf({ launchTemplate }: MixedInstances): string {
  return launchTemplate.launchTemplateSpecification.version;
}

/** What the group is on, for people: its version, and what its machines run, where that differs. */
export function standing({ policy, machines }: GroupState): string {
  const on = policy === undefined ? "a launch template of its own" : `version ${versionOf(policy)}`;
  const counts = new Map<string, number>();
  for (const { version = "?" } of machines) counts.set(version, (counts.get(version) ?? 0) + 1);
  const each = [...counts].sort(([a], [b]) => Number(a) - Number(b)).map(([version, count]) => `${count} of version ${version}`);
  return `the group is on ${on}; its machines: ${each.length === 0 ? "none" : each.join(", ")}`;
}
