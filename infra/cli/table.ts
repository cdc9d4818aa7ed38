/** A fleet's status as people and as programs read it. Pure. */
import Table from "cli-table3";
import type { CertificateReport } from "../../runtime/report.ts";
import { certificateCell, certificateRemarks } from "./certificates.ts";
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
  /** It gave no answer at all. */
  unreachable: boolean;
  /** How it differs from what was confirmed on it; the next `up` mends it. */
  drift: string[];
  /** What else is to be known of it: a reboot that is due, a switch that isn't confirmed. */
  notes: string[];
  /** What clients get for each name. */
  certificates: CertificateReport[];
  /** That somebody went back to the release that it runs. */
  rolledBack: string | null;
}

export interface FleetStatus {
  fleet: string;
  /** The release that every machine serves; null when they differ or none does. */
  release: string | null;
  machines: MachineStatus[];
}

const heads = ["machine", "address", "URL", "cores", "supervisor", "workers", "release", "certificate", "health"];

export function statusTable(status: FleetStatus): string {
  const table = new Table({ head: heads, style: { head: [], border: [], compact: true } });
  for (const machine of status.machines) table.push(row(machine));
  const below = status.machines.flatMap(remarks);
  return [table.toString(), ...below].join("\n");
}

/** What doesn't fit into a column. */
function remarks({ name, drift, notes, certificates, rolledBack }: MachineStatus): string[] {
  return [
    ...(rolledBack === null ? [] : [`${name}: ${rolledBack}`]),
    ...drift.map((text) => `${name}: drift: ${text}`),
    ...certificateRemarks(certificates).map((text) => `${name}: ${text}`),
    ...notes.map((text) => `${name}: ${text}`),
  ];
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
    certificateCell(machine.certificates, new Date()),
    machine.health,
  ];
}

/** The release of all, if they agree. */
export function commonRelease(machines: readonly MachineStatus[]): string | null {
  const releases = new Set(machines.map(({ release }) => release));
  return releases.size === 1 ? ([...releases][0] ?? null) : null;
}
