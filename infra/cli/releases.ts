/** `fleet releases`: each machine's history, and what it could go back to. */
import { z } from "zod";
import { type Releases, releasesSchema } from "../../runtime/report.ts";
import { exitCodes } from "../errors.ts";
import type { Inventory } from "../inventory.ts";
import { type Answer, askAgents } from "./ask-agent.ts";
import { chooseFleets } from "./inventories.ts";
import type { FleetChoice } from "./machines.ts";
import { releasesText } from "./releases-text.ts";
import { readInventories } from "./stacks.ts";

/** A machine's releases, or why they aren't known. */
export type MachineReleases = { name: string } & ({ state: "answered"; releases: Releases } | Extract<Answer, { state: "silent" }>);

/** Exit code 3 when a machine could not be asked. */
export async function releases({ stack, fleet, json = false }: FleetChoice & { json?: boolean }): Promise<number> {
  const inventories = chooseFleets(await readInventories(stack), fleet);
  const fleets = await Promise.all(
    inventories.map(async (inventory) => ({ fleet: inventory.fleet, app: inventory.app, machines: await askReleases(inventory, false) })),
  );
  process.stdout.write(json ? `${JSON.stringify(fleets, null, 2)}\n` : fleets.map(releasesText).join("\n"));
  return fleets.every(({ machines }) => machines.every(({ state }) => state === "answered")) ? exitCodes.ok : exitCodes.partial;
}

/** @param manifests see `fleethost releases --manifests` */
export async function askReleases({ app, machines }: Inventory, manifests: boolean): Promise<MachineReleases[]> {
  const answers = await askAgents(machines, ["releases", "--app", app, "--json", ...(manifests ? ["--manifests"] : [])]);
  return answers.map((answer): MachineReleases => {
    if (answer.state === "silent") return answer;
    const parsed = z.safeParse(releasesSchema, answer.value);
    const { name } = answer;
    if (parsed.success) return { name, state: "answered", releases: parsed.data };
    return { name, state: "silent", why: "its agent answered in words that this Fleetwright doesn't know", unreachable: false };
  });
}
