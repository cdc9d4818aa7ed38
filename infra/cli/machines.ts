/** Which fleet and which machine a command is about. Pure. */
import { exitCodes, FleetError } from "../errors.ts";
import type { Inventory, InventoryMachine } from "../inventory.ts";
import { chooseFleets } from "./inventories.ts";

/** What every command about a stack's machines takes. */
export interface FleetChoice {
  stack: string;
  /** Only this fleet of the stack. */
  fleet?: string;
}

/** The fleet of that name, or the only one. @throws FleetError when there are several, or none of that name */
export function oneFleet(inventories: readonly Inventory[], fleet: string | undefined): Inventory {
  const [first, ...others] = chooseFleets(inventories, fleet);
  if (first !== undefined && others.length === 0) return first;
  throw new FleetError(`the stack has several fleets: ${inventories.map((inventory) => inventory.fleet).join(", ")}.`, {
    next: `name one: --fleet ${inventories[0]?.fleet}`,
    exitCode: exitCodes.usage,
  });
}

/** A machine of that name. @throws FleetError naming those there are, when there is none, or one in several fleets */
export function oneMachine(inventories: readonly Inventory[], fleet: string | undefined, name: string): Found {
  const among = chooseFleets(inventories, fleet);
  const found = among.flatMap((inventory) =>
    inventory.machines.filter((machine) => machine.name === name).map((machine) => ({ inventory, machine })),
  );
  const [first, ...others] = found;
  if (first === undefined) throw unknownMachine(name, among);
  if (others.length === 0) return first;
  throw new FleetError(`several fleets have a machine "${name}": ${found.map(({ inventory }) => inventory.fleet).join(", ")}.`, {
    next: `name the fleet: --fleet ${first.inventory.fleet}`,
    exitCode: exitCodes.usage,
  });
}

export interface Found {
  inventory: Inventory;
  machine: InventoryMachine;
}

export function unknownMachine(name: string, among: readonly Inventory[]): FleetError {
  const known = among.flatMap((inventory) => inventory.machines.map((machine) => machine.name));
  return new FleetError(`there is no machine "${name}".`, {
    next: `name one of: ${known.join(", ")}`,
    exitCode: exitCodes.usage,
  });
}
