/** `fleet status`: what every machine runs, asked of the machines themselves. */
import { exitCodes, FleetError } from "../errors.ts";
import { askFleet } from "./ask.ts";
import { certificateWarnings } from "./certificates.ts";
import { chooseFleets } from "./inventories.ts";
import { readInventories } from "./stacks.ts";
import { type FleetStatus, type MachineStatus, statusTable } from "./table.ts";

export interface StatusOptions {
  stack: string;
  /** Only this fleet of the stack. */
  fleet?: string;
  json?: boolean;
  /** Also a certificate that is missing, about to expire or could not be renewed makes the exit code 1. */
  check?: boolean;
  /** With `check`. @default 14 */
  days?: number;
}

/** Exit code 0 when every machine is healthy, 1 when one isn't, 3 when all are that could be reached. */
export async function status({ stack, fleet, json = false, check = false, days = 14 }: StatusOptions): Promise<number> {
  const inventories = chooseFleets(await readInventories(stack), fleet);
  if (json && inventories.length > 1) throw severalFleets(inventories.map((inventory) => inventory.fleet));
  const seen = await Promise.all(inventories.map(askFleet));
  process.stdout.write(json ? `${JSON.stringify(seen[0], null, 2)}\n` : tables(seen));
  const machines = seen.flatMap((one) => one.machines);
  const warnings = check ? machines.flatMap(({ name, certificates }) => warningsOf(name, certificates, days)) : [];
  for (const line of warnings) process.stderr.write(`${line}\n`);
  return warnings.length > 0 ? exitCodes.failed : exitCodeOf(machines);
}

function warningsOf(name: string, certificates: MachineStatus["certificates"], days: number): string[] {
  return certificateWarnings(certificates, days, new Date()).map((text) => `${name}: ${text}`);
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
