/** `fleet rollback` of a group at AWS: the release before, by the way that releases come to it. Nothing is built or sent to the bucket. */
import { exitCodes, FleetError } from "../errors.ts";
import { chooseBack, type GroupRelease, name } from "../groups/history.ts";
import { bringInPlace } from "../in-place/drive.ts";
import { type InPlacePlan, whole } from "../in-place/plan.ts";
import type { GroupReleases } from "../inventory.ts";
import { groupApi, groupStateApi } from "../refresh/api.ts";
import { refresh } from "../refresh/drive.ts";
import type { RefreshPlan } from "../refresh/plan.ts";
import { askGroup } from "./group-releases.ts";
import { paceFor } from "./group-work.ts";
import { interruption } from "./interruption.ts";
import type { GroupInventory } from "./inventories.ts";

export interface GroupRollbackOptions {
  to: string | undefined;
  /** Divides every pause; for tests. @default 1 */
  pace?: number | undefined;
}

export async function rollbackGroup(inventory: GroupInventory, { to, pace: divisor = 1 }: GroupRollbackOptions): Promise<number> {
  const { fleet, group } = inventory;
  const history = await askGroup(inventory);
  const back = chooseBack(history, to);
  process.stderr.write(`Going back to ${name(back)}: the ${whole(group)} ${group.name} in ${group.region}\n`);
  const { releases } = group;
  const consequence = releases?.inPlace === undefined ? "a refresh that has begun goes on at AWS" : "what is on trial goes back";
  const pace = paceFor(fleet, interruption(consequence), divisor);
  if (releases?.inPlace !== undefined) {
    const { inPlaceApi } = await import("../in-place/api.ts");
    const plan = inPlacePlan(inventory, releases, releases.inPlace, back);
    await bringInPlace(plan, inPlaceApi(plan), pace);
  } else if (releases?.refresh !== undefined) {
    const plan = await refreshPlan(inventory, { ...releases, refresh: releases.refresh }, back);
    await refresh(plan, groupApi(plan), pace);
  }
  process.stdout.write(`${afterwards(fleet, back)}\n`);
  return exitCodes.ok;
}

type RefreshedReleases = GroupReleases & { refresh: NonNullable<GroupReleases["refresh"]> };
type InPlace = NonNullable<GroupReleases["inPlace"]>;

function inPlacePlan(inventory: GroupInventory, { bucket, warmUpMs }: GroupReleases, inPlace: InPlace, { key }: GroupRelease): InPlacePlan {
  const { fleet, group } = inventory;
  const { name, region, instances } = group;
  return { schema: 1, fleet, group: name, instances, region, bucket, ...inPlace, manifest: key, warmUpMs };
}

/** As the group is, but for the version: what AWS rolls back to if this fails is what it is on now. */
async function refreshPlan({ fleet, group }: GroupInventory, releases: RefreshedReleases, { key }: GroupRelease): Promise<RefreshPlan> {
  const { refresh: preferences, warmUpMs } = releases;
  const { policy } = (await groupStateApi({ group: group.name, region: group.region }).group()) ?? {};
  if (policy === undefined) {
    throw new FleetError(`the group ${group.name} in ${group.region} is gone.`, { next: "pulumi refresh, then run up." });
  }
  const { launchTemplate } = policy;
  const launchTemplateSpecification = { ...launchTemplate.launchTemplateSpecification, version: key };
  return {
    schema: 1,
    fleet,
    group: group.name,
    region: group.region,
    desired: { ...policy, launchTemplate: { ...launchTemplate, launchTemplateSpecification } },
    preferences: { ...preferences, warmUpMs },
  };
}

function afterwards(fleet: string, back: GroupRelease): string {
  return [
    `Fleet ${fleet} is back on ${name(back)}.`,
    "The configuration still names the one that was left: it comes back with the next `up` that changes what the group is to run.",
  ].join("\n");
}
