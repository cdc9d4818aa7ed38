/** `fleet releases`: each machine's history, and what it could go back to. */
import { exitCodes } from "../errors.ts";
import { askReleases } from "./ask-releases.ts";
import { chooseFleets } from "./inventories.ts";
import type { FleetChoice } from "./machines.ts";
import { releasesText } from "./releases-text.ts";
import { readInventories } from "./stacks.ts";

/** Exit code 3 when a machine could not be asked. */
export async function releases({ stack, fleet, json = false }: FleetChoice & { json?: boolean }): Promise<number> {
  const inventories = chooseFleets(await readInventories(stack), fleet);
  const fleets = await Promise.all(
    inventories.map(async (inventory) => ({ fleet: inventory.fleet, app: inventory.app, machines: await askReleases(inventory, false) })),
  );
  process.stdout.write(json ? `${JSON.stringify(fleets, null, 2)}\n` : fleets.map(releasesText).join("\n"));
  return fleets.every(({ machines }) => machines.every(({ state }) => state === "answered")) ? exitCodes.ok : exitCodes.partial;
}
