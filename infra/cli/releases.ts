/** `fleet releases`: each machine's history, and what it could go back to. */
import { exitCodes } from "../errors.ts";
import { askReleases } from "./ask-releases.ts";
import { type GroupInventory, sortFleets } from "./inventories.ts";
import type { FleetChoice } from "./machines.ts";
import { releasesText } from "./releases-text.ts";
import { readInventories } from "./stacks.ts";

/** Exit code 3 when a machine could not be asked. */
export async function releases({ stack, fleet, json = false }: FleetChoice & { json?: boolean }): Promise<number> {
  const { pushed, groups } = sortFleets(await readInventories(stack), fleet);
  const fleets = await Promise.all(
    pushed.map(async (inventory) => ({ fleet: inventory.fleet, app: inventory.app, machines: await askReleases(inventory, false) })),
  );
  const asked = groups.length === 0 ? [] : await askGroups(groups);
  const texts = [...fleets.map(releasesText), ...asked.map(({ text }) => text)];
  process.stdout.write(json ? `${JSON.stringify([...fleets, ...asked.map(({ value }) => value)], null, 2)}\n` : texts.join("\n"));
  return fleets.every(({ machines }) => machines.every(({ state }) => state === "answered")) ? exitCodes.ok : exitCodes.partial;
}

/** Loaded here: what talks to AWS may not be installed. */
async function askGroups(groups: readonly GroupInventory[]): Promise<{ text: string; value: object }[]> {
  const { askGroup, groupText } = await import("./group-releases.ts");
  const each = groups.map(async (inventory) => {
    const { fleet, app, group } = inventory;
    const history = await askGroup(inventory);
    return { text: groupText(inventory, history), value: { fleet, app, group: group.name, ...history } };
  });
  return Promise.all(each);
}
