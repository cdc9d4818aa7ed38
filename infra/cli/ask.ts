/** Asks every machine of an inventory, all at once, with a deadline. */
import type { AppStatus } from "../../runtime/report.ts";
import { FleetError } from "../errors.ts";
import type { Inventory } from "../inventory.ts";
import { observe } from "../rollout/observe.ts";
import { short } from "../rollout/plan.ts";
import { commonRelease, type FleetStatus, type MachineStatus } from "./table.ts";

const CONNECT_TIMEOUT_MS = 5_000;

export async function askFleet(inventory: Inventory): Promise<FleetStatus> {
  const machines = await Promise.all(inventory.machines.map((machine) => askMachine(inventory.app, machine)));
  return { fleet: inventory.fleet, release: commonRelease(machines), machines };
}

function rolledBackText({ from, at, by }: NonNullable<AppStatus["rolledBack"]>): string {
  return `rolled back from ${short(from)} at ${at} by ${by}`;
}

async function askMachine(app: string, { name, address, transport }: Inventory["machines"][number]): Promise<MachineStatus> {
  const nothing: MachineStatus = {
    name,
    address,
    url: null,
    cores: null,
    supervisorPid: null,
    workers: { wanted: 0, ready: 0, pids: [] },
    release: null,
    generation: null,
    health: "unknown",
    unreachable: false,
    drift: [],
    notes: [],
    certificates: [],
    rolledBack: null,
  };
  try {
    const sight = await observe(name, transport, CONNECT_TIMEOUT_MS);
    if (sight.state === "unreachable") return { ...nothing, unreachable: true, health: `unreachable: ${sight.why}` };
    const status = sight.apps.find((candidate) => candidate.app === app);
    if (status === undefined) return { ...nothing, cores: sight.facts.cores, health: "down: the app isn't installed" };
    const { state, detail } = status.health;
    return {
      ...nothing,
      url: status.urls[0] ?? null,
      cores: status.cores,
      supervisorPid: status.supervisorPid,
      workers: status.workers,
      release: status.release,
      generation: status.generation,
      health: state === "healthy" ? state : `${state}: ${detail}`,
      drift: status.drift ?? [],
      notes: status.notes ?? [],
      certificates: status.certificates ?? [],
      rolledBack: status.rolledBack === undefined ? null : rolledBackText(status.rolledBack),
    };
  } catch (error) {
    if (!(error instanceof FleetError)) throw error;
    return { ...nothing, health: `refused: ${error.message.split("\n")[0]}` };
  }
}
