/** Starting and stopping a machine's init. */
import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { FleetError } from "../../errors.ts";
import { type CgroupPlan, currentHierarchies, makeCgroups, planCgroups, processesIn } from "./cgroups.ts";
import type { MachinePlace } from "./place.ts";
import { eventually, identify, isAlive, signal, signalPid } from "./process.ts";
import { isRunning, type MachineRecord, updateMachine } from "./registry.ts";
import { systemPath } from "./run.ts";

/** systemd inside stops its services in this time, or is killed. */
const SHUTDOWN_MS = 30_000;
const KILL_MS = 10_000;

/** The command that is the machine. */
export function nspawnCommand(machine: MachinePlace, record: Pick<MachineRecord, "netns" | "cpus">): string[] {
  return [
    "systemd-nspawn",
    "--quiet",
    "--settings=no",
    "--register=no",
    "--keep-unit",
    `--directory=${machine.root}`,
    `--machine=${machine.nspawnName}`,
    `--hostname=${machine.name}`,
    `--network-namespace-path=/run/netns/${record.netns}`,
    "--resolv-conf=off",
    "--timezone=off",
    "--link-journal=no",
    "--capability=CAP_NET_ADMIN",
    "--system-call-filter=bpf",
    ...(record.cpus === null ? [] : [`--cpu-affinity=${record.cpus.join(",")}`]),
    "--console=read-only",
    "--boot",
  ];
}

/**
 * The process that is recorded, started with nspawn's command as its arguments. With `--keep-unit`, nspawn leaves a
 * restart of the machine to whoever started it, and says so by exit status 133 (systemd-nspawn(1), "Exit Status").
 * TERM is passed on: nspawn then shuts the machine down in order. A missing control group ends it: `down` was here.
 */
export const launcher = `set -eu
for group in $LAUNCH_GROUPS; do echo 0 > "$group/cgroup.procs"; done
trap 'kill -TERM "$child" 2>/dev/null || :' TERM
while :; do
  for group in $MACHINE_GROUPS; do find "$group" -mindepth 1 -depth -type d -exec rmdir {} +; done
  ( for group in $MACHINE_GROUPS; do echo 0 > "$group/cgroup.procs"; done; exec "$@" ) & child=$!
  code=0; wait "$child" || code=$?
  while kill -0 "$child" 2>/dev/null; do code=0; wait "$child" || code=$?; done
  [ "$code" = 133 ] || exit "$code"
done`;

/** Starts the machine in a session of its own: it outlives us. The disk and the network must be there. */
export async function launch(machine: MachinePlace, record: MachineRecord): Promise<MachineRecord> {
  const at = currentHierarchies();
  const plan = planCgroups(at, machine, record.spec);
  const planned = updateMachine(machine, record, { cgroups: [...plan.machine, ...plan.launch], process: null });
  makeCgroups(plan, at);
  const pid = spawnLauncher(machine, record, plan, at.v2 !== undefined);
  const process = pid === undefined ? undefined : identify(pid);
  if (process === undefined) throw new FleetError("its launcher ended at once", { machine: machine.name });
  return updateMachine(machine, planned, { process });
}

function spawnLauncher(machine: MachinePlace, record: MachineRecord, plan: CgroupPlan, v2: boolean): number | undefined {
  const log = openSync(machine.console, "w", 0o600);
  const child = spawn("sh", ["-c", launcher, "fleetwright-machine", ...nspawnCommand(machine, record)], {
    detached: true,
    stdio: ["ignore", log, log],
    env: {
      PATH: systemPath(),
      LAUNCH_GROUPS: plan.launch.join(" "),
      MACHINE_GROUPS: plan.machine.join(" "),
      // systemd 257 (Debian 13) no longer runs on cgroup v1, which nspawn would give it where this computer mounts both.
      ...(v2 ? { SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: "1" } : {}),
    },
  });
  child.on("error", () => {});
  child.unref();
  closeSync(log);
  return child.pid;
}

/** Shuts the machine down as a power button does; after half a minute, as a cut cable does. */
export async function shutDown(machine: MachinePlace, record: MachineRecord): Promise<MachineRecord> {
  const launched = record.process;
  if (launched !== null && isRunning(record)) {
    signal(launched, "SIGTERM");
    await eventually(() => !isAlive(launched), SHUTDOWN_MS);
  }
  return cutPower(machine, record);
}

/** Kills all that is left of the machine, without any notice. Its disk stays. */
export async function cutPower(machine: MachinePlace, record: MachineRecord): Promise<MachineRecord> {
  if (record.process !== null) signal(record.process, "SIGKILL");
  await killAll(() => processesIn(record.cgroups), machine.name);
  return updateMachine(machine, record, { process: null });
}

/**
 * Kills until nobody is left: a process may have a child between our look and our signal.
 * @throws FleetError when some can't be killed
 */
export async function killAll(list: () => number[], whose: string): Promise<void> {
  const none = await eventually(() => {
    const pids = list();
    for (const pid of pids) signalPid(pid, "SIGKILL");
    return pids.length === 0;
  }, KILL_MS);
  if (!none) throw new FleetError(`processes of ${whose} can't be killed: ${list().join(", ")}`);
}
