/** `fleet drift`: whether each machine still is what was confirmed on it. */
import { exitCodes } from "../errors.ts";
import { askFleet } from "./ask.ts";
import { chooseFleets } from "./inventories.ts";
import type { FleetChoice } from "./machines.ts";
import { readInventories } from "./stacks.ts";
import type { FleetStatus, MachineStatus } from "./table.ts";

/** What `fleet drift --json` prints for a machine. */
export interface MachineDrift {
  name: string;
  /** Why it isn't known; null where it is. */
  silent: string | null;
  drift: string[];
  notes: string[];
}

export async function drift({ stack, fleet, json = false }: FleetChoice & { json?: boolean }): Promise<number> {
  const inventories = chooseFleets(await readInventories(stack), fleet);
  const seen = (await Promise.all(inventories.map(askFleet))).map(driftOfFleet);
  process.stdout.write(json ? `${JSON.stringify(seen, null, 2)}\n` : seen.map(driftText).join("\n"));
  return driftExit(seen.flatMap(({ machines }) => machines));
}

export interface FleetDrift {
  fleet: string;
  machines: MachineDrift[];
}

/** Pure. An app that isn't there, or doesn't serve, is drift too. */
export function driftOfFleet({ fleet, machines }: FleetStatus): FleetDrift {
  return { fleet, machines: machines.map(driftOfMachine) };
}

function driftOfMachine({ name, unreachable, health, drift: found, notes }: MachineStatus): MachineDrift {
  const silent = unreachable || health.startsWith("refused:");
  return { name, silent: silent ? health : null, drift: [...found, ...(health.startsWith("down:") ? [health] : [])], notes };
}

/** Pure. */
export function driftText({ fleet, machines }: FleetDrift): string {
  const lines = machines.flatMap(({ name, silent, drift: found, notes }) => {
    if (silent !== null) return [`${name}: ${silent}`];
    if (found.length + notes.length === 0) return [`${name}: as it was confirmed`];
    return [...found, ...notes].map((text) => `${name}: ${text}`);
  });
  const mends = machines.some((machine) => machine.drift.length > 0) ? ["The next `up` puts it back."] : [];
  return [`${fleet}:`, ...lines.map((line) => `  ${line}`), ...mends, ""].join("\n");
}

/** 2 for drift, which counts more than 3 for a machine that could not be asked. Pure. */
export function driftExit(machines: readonly MachineDrift[]): number {
  if (machines.some(({ drift: found, notes }) => found.length + notes.length > 0)) return exitCodes.drift;
  return machines.some(({ silent }) => silent !== null) ? exitCodes.partial : exitCodes.ok;
}
