/** What a group at AWS was on, for `fleet releases` and `fleet rollback`. */
import Table from "cli-table3";
import { FleetError } from "../errors.ts";
import { historyApi } from "../groups/api.ts";
import { recordHistory, refreshHistory } from "../groups/ask.ts";
import { type GroupHistory, name } from "../groups/history.ts";
import type { InventoryGroup } from "../inventory.ts";
import { groupStateApi } from "../refresh/api.ts";
import { whole } from "../in-place/plan.ts";
import { troubleOf } from "../groups/trouble.ts";
import type { GroupInventory } from "./inventories.ts";

/** @throws FleetError when AWS doesn't say, or nothing is known of how releases come to it */
export async function askGroup({ group }: GroupInventory): Promise<GroupHistory> {
  const { releases } = group;
  if (releases === undefined) throw tooOld(group);
  const api = historyApi(group, releases.bucket);
  try {
    if (releases.inPlace !== undefined) return await recordHistory(api);
    const state = await groupStateApi({ group: group.name, region: group.region }).group();
    const { launchTemplateId: id, version } = state?.policy?.launchTemplate.launchTemplateSpecification ?? {};
    if (id === undefined || version === undefined) throw notOurs(group);
    return await refreshHistory(api, { id, version });
  } catch (error) {
    throw error instanceof FleetError ? error : unanswered(group, error as Error);
  }
}

/** The newest first. Pure. */
export function groupText({ fleet, app, group }: GroupInventory, { releases, current }: GroupHistory): string {
  const rows = new Table({ head: ["when", "release", "now", "how it ended"], style: { head: [], border: [], compact: true } });
  const live = releases.findLastIndex((release) => release.came && release.key === current);
  for (const [index, release] of [...releases.entries()].toReversed()) {
    rows.push([release.at?.replace(/\.\d+Z$/, "Z") ?? "", name(release), index === live ? "live" : "", release.end.split("\n")[0] ?? ""]);
  }
  return `${fleet} (app ${app}), the ${whole(group)} ${group.name} in ${group.region}\n${rows.toString()}\n`;
}

function tooOld({ name: group }: InventoryGroup): FleetError {
  return new FleetError(`the stack says nothing of how releases come to the group ${group}: an earlier Fleetwright brought it up.`, {
    kept: "everything; nothing was begun.",
    next: "run up once, then this again.",
  });
}

function notOurs({ name: group, region }: InventoryGroup): FleetError {
  return new FleetError(`there is no group ${group} in ${region}, or it isn't as Fleetwright makes them.`, {
    kept: "everything; nothing was begun.",
    next: "pulumi refresh, so that the state knows; then run up.",
  });
}

function unanswered({ name: group, region }: InventoryGroup, error: Error): FleetError {
  return new FleetError(`AWS doesn't say what the group ${group} in ${region} was on: ${error.name}: ${error.message}`, {
    kept: "everything; nothing was begun.",
    next:
      troubleOf(error) === "login"
        ? "log in again (aws sso login, or new AWS_… variables)."
        : "mend what AWS says, then run the same command again.",
  });
}
