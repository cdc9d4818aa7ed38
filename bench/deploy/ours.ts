/** Our side: a copy of this repository, driven by the command that its users type. */
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { worldOf } from "../../infra/machines/local/world-id.ts";
import { machinePlace, placeOf } from "../../infra/machines/local/place.ts";
import { readMachines } from "../../infra/machines/local/registry.ts";
import { evidence, type Project } from "../../test/support/project.ts";

export interface BenchMachine {
  name: string;
  address: string;
  link: string;
  workers: number;
  /** The machine's `/` as seen from here. */
  root: string;
  hostKey: string;
  privateKeyFile: string;
}

export interface OurRun {
  wallMs: number;
  /** From Pulumi's start of the rollout's command until its last line; 0 when there was no rollout. */
  rolloutMs: number;
}

/** `fleet local`: what a user waits for, the engine's start and the closing table included. */
export async function deployOurs(project: Project, machines: number): Promise<OurRun> {
  const startedMs = performance.now();
  let rolloutFromMs: number | undefined;
  let lastLineMs = startedMs;
  const onStderr = (text: string): void => {
    lastLineMs = performance.now();
    if (/(creating|updating|running) web-rollout/.test(text)) rolloutFromMs ??= lastLineMs;
  };
  const run = await project.fleet(["local", "--machines", String(machines)], { onStderr });
  if (run.code !== 0) throw new Error(evidence(run));
  return { wallMs: performance.now() - startedMs, rolloutMs: rolloutFromMs === undefined ? 0 : lastLineMs - rolloutFromMs };
}

/** The machines that our side has made; the other side deploys to the same ones. */
export function machinesOf(project: Project): BenchMachine[] {
  const place = placeOf(worldOf(join(project.folder, ".fleetwright", "local"), "local"));
  return readMachines(place).map(({ name, address, link, cpus, disk }) => ({
    name,
    address,
    link,
    workers: cpus?.length ?? availableParallelism(),
    root: machinePlace(place, name).root,
    hostKey: disk?.hostKey ?? "",
    privateKeyFile: place.privateKeyFile,
  }));
}
