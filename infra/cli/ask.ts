/** Asks every machine of an inventory, all at once, with a deadline. */
import type { AppStatus } from "../../runtime/report.ts";
import { FleetError } from "../errors.ts";
import type { Inventory } from "../inventory.ts";
import type { Reachable } from "../rollout/observation.ts";
import { observe } from "../rollout/observe.ts";
import { short } from "../rollout/plan.ts";
import { recentSights } from "../rollout/sights.ts";
import { commonRelease, type FleetStatus, type MachineStatus } from "./table.ts";

const CONNECT_TIMEOUT_MS = 5_000;

export async function askFleet(inventory: Inventory): Promise<FleetStatus> {
  const machines = await Promise.all(inventory.machines.map((machine) => askMachine(inventory.app, machine)));
  return { fleet: inventory.fleet, release: commonRelease(machines), machines };
}

/** By what machines said in this run; who said nothing, or too long ago, is asked. */
export async function lastSeen(inventory: Inventory): Promise<FleetStatus> {
  const told = recentSights(inventory.fleet, TOLD_AGE_MS);
  const machines = await Promise.all(
    inventory.machines.map((machine) => {
      const sight = told.get(machine.name);
      return sight === undefined ? askMachine(inventory.app, machine) : statusOf(inventory.app, machine, sight);
    }),
  );
  return { fleet: inventory.fleet, release: commonRelease(machines), machines };
}

/** A table at the end of a run is of that end. */
const TOLD_AGE_MS = 15_000;

function rolledBackText({ from, at, by }: NonNullable<AppStatus["rolledBack"]>): string {
  return `rolled back from ${short(from)} at ${at} by ${by}`;
}

type Machine = Inventory["machines"][number];

async function askMachine(app: string, machine: Machine): Promise<MachineStatus> {
  const { name, transport } = machine;
  try {
    const sight = await observe(name, transport, CONNECT_TIMEOUT_MS);
    if (sight.state === "reachable") return statusOf(app, machine, sight);
    return { ...nothingOf(machine), unreachable: true, health: `unreachable: ${sight.why}` };
  } catch (error) {
    if (!(error instanceof FleetError)) throw error;
    return { ...nothingOf(machine), health: `refused: ${error.message.split("\n")[0]}` };
  }
}

function nothingOf({ name, address }: Machine): MachineStatus {
  return {
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
}

/** Pure. */
function statusOf(app: string, machine: Machine, { apps, facts }: Reachable): MachineStatus {
  const status = apps.find((candidate) => candidate.app === app);
  if (status === undefined) return { ...nothingOf(machine), cores: facts.cores, health: "down: the app isn't installed" };
  const { state, detail } = status.health;
  return {
    ...nothingOf(machine),
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
}
