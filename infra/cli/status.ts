/** `fleet status`: what every machine runs, asked of the machines themselves. */
import { exitCodes, FleetError } from "../errors.ts";
import { askFleet } from "./ask.ts";
import { chooseFleets } from "./inventories.ts";
import { readInventories } from "./stacks.ts";
import { type FleetStatus, statusTable } from "./table.ts";

export interface StatusOptions {
  stack: string;
  /** Only this fleet of the stack. */
  fleet?: string;
  json?: boolean;
}

/** Exit code 0 when every machine is healthy, 1 when one isn't. */
export async function status({ stack, fleet, json = false }: StatusOptions): Promise<number> {
  const inventories = chooseFleets(await readInventories(stack), fleet);
  if (json && inventories.length > 1) throw severalFleets(inventories.map((inventory) => inventory.fleet));
  const seen = await Promise.all(inventories.map(askFleet));
  process.stdout.write(json ? `${JSON.stringify(seen[0], null, 2)}\n` : tables(seen));
  return seen.flatMap(({ machines }) => machines).every(({ health }) => health === "healthy") ? exitCodes.ok : exitCodes.failed;
}

/** What is printed for programs has one shape, however many fleets there are. */
function severalFleets(names: readonly string[]): FleetError {
  return new FleetError(`the stack has several fleets: ${names.join(", ")}.`, {
    next: `ask for one at a time: --json --fleet ${names[0]}`,
    exitCode: exitCodes.usage,
  });
}

function tables(fleets: readonly FleetStatus[]): string {
  return fleets.map((fleet) => `${fleets.length > 1 ? `${fleet.fleet}:\n` : ""}${statusTable(fleet)}\n`).join("\n");
}
