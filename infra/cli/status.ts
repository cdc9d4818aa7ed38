/** `fleet status`: what every machine runs, asked of the machines themselves. */
import { exitCodes, FleetError } from "../errors.ts";
import { askFleet } from "./ask.ts";
import { chooseFleets } from "./inventories.ts";
import { readInventories } from "./stacks.ts";
import { type FleetStatus, type MachineStatus, statusTable } from "./table.ts";

export interface StatusOptions {
  stack: string;
  /** Only this fleet of the stack. */
  fleet?: string;
  json?: boolean;
}

/** Exit code 0 when every machine is healthy, 1 when one isn't, 3 when all are that could be reached. */
export async function status({ stack, fleet, json = false }: StatusOptions): Promise<number> {
  const inventories = chooseFleets(await readInventories(stack), fleet);
  if (json && inventories.length > 1) throw severalFleets(inventories.map((inventory) => inventory.fleet));
  const seen = await Promise.all(inventories.map(askFleet));
  process.stdout.write(json ? `${JSON.stringify(seen[0], null, 2)}\n` : tables(seen));
  return exitCodeOf(seen.flatMap(({ machines }) => machines));
}

/** Pure. */
export function exitCodeOf(machines: readonly Pick<MachineStatus, "health" | "unreachable">[]): number {
  const reached = machines.filter(({ unreachable }) => !unreachable);
  if (!reached.every(({ health }) => health === "healthy")) return exitCodes.failed;
  return reached.length < machines.length ? exitCodes.partial : exitCodes.ok;
}

/** What is printed for programs has one shape, however many fleets there are. */
export function severalFleets(names: readonly string[]): FleetError {
  return new FleetError(`the stack has several fleets: ${names.join(", ")}.`, {
    next: `ask for one at a time: --json --fleet ${names[0]}`,
    exitCode: exitCodes.usage,
  });
}

function tables(fleets: readonly FleetStatus[]): string {
  return fleets.map((fleet) => `${fleets.length > 1 ? `${fleet.fleet}:\n` : ""}${statusTable(fleet)}\n`).join("\n");
}
