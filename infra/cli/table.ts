/** A fleet's status as people and as programs read it. Pure. */
import Table from "cli-table3";
import { short } from "../rollout/plan.ts";

/** One machine, as `fleet status --json` prints it. */
export interface MachineStatus {
  name: string;
  address: string;
  url: string | null;
  cores: number | null;
  supervisorPid: number | null;
  workers: { wanted: number; ready: number; pids: number[] };
  release: string | null;
  generation: string | null;
  /** `healthy`, or what is wrong. */
  health: string;
}

export interface FleetStatus {
  fleet: string;
  /** The release that every machine serves; null when they differ or none does. */
  release: string | null;
  machines: MachineStatus[];
}

const heads = ["machine", "address", "URL", "cores", "supervisor", "workers", "release", "health"];

export function statusTable(status: FleetStatus): string {
  const table = new Table({ head: heads, style: { head: [], border: [], compact: true } });
  for (const machine of status.machines) table.push(row(machine));
  return table.toString();
}

function row(machine: MachineStatus): string[] {
  const { wanted, ready, pids } = machine.workers;
  return [
    machine.name,
    machine.address,
    machine.url ?? "-",
    String(machine.cores ?? "-"),
    String(machine.supervisorPid ?? "-"),
    `${ready}/${wanted}${pids.length === 0 ? "" : ` (${pids.join(" ")})`}`,
    machine.release === null ? "-" : short(machine.release),
    machine.health,
  ];
}

/** The release of all, if they agree. */
export function commonRelease(machines: readonly MachineStatus[]): string | null {
  const releases = new Set(machines.map(({ release }) => release));
  return releases.size === 1 ? ([...releases][0] ?? null) : null;
}
