/** Bringing faults about on real machines, and ending them. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { until } from "../../support/poll.ts";
import type { Case, Fault } from "./cases.ts";
import { LEASE_MS, type MatrixFleet, type Name } from "./fleet.ts";
import type { RolloutRun } from "./rollout-run.ts";

/** A machine boots, or goes back, or both, also on a slow computer. */
export const PATIENCE_MS = LEASE_MS + 30_000;

/** Records of the machine are on a file system of its own then, which is full. */
const RECORDS = "/var/lib/fleetwright";
const FILL = `set -e
mkdir -p /run/keep; cp -a ${RECORDS}/. /run/keep/
mount -t tmpfs -o size=4m,mode=755 none ${RECORDS}; cp -a /run/keep/. ${RECORDS}/; rm -rf /run/keep
cat /dev/zero > ${RECORDS}/filler 2> /dev/null || true`;
const EMPTY = `set -e
rm -f ${RECORDS}/filler; mkdir -p /run/keep; cp -a ${RECORDS}/. /run/keep/
umount -l ${RECORDS}; rm -rf ${RECORDS}/*; cp -a /run/keep/. ${RECORDS}/; rm -rf /run/keep`;

/** What to do before the rollout begins. */
export async function prepare(fleet: MatrixFleet, { fault, machine }: Case): Promise<void> {
  // Made before, and filled when its time has come: the switch to another file system is not the fault.
  if (fault === "fillDisk" && machine !== undefined) await fleet.hosts.sh(machine, FILL.replace(/\ncat.*$/, ""));
}

export async function bring(fault: Fault, fleet: MatrixFleet, run: RolloutRun, machine: Name | undefined): Promise<void> {
  if (fault === "killOperator") return run.kill("SIGKILL");
  if (fault === "killParent") return run.killCommand();
  if (fault === "interrupt") return run.kill("SIGINT");
  if (machine === undefined) throw new Error(`${fault}: which machine?`);
  if (fault === "cut") setLink(fleet, machine, "down");
  if (fault === "kill") await fleet.hosts.cutPower(machine);
  if (fault === "reboot") await fleet.hosts.sh(machine, "systemctl reboot --no-block").catch(() => undefined);
  if (fault === "fillDisk") await fleet.hosts.sh(machine, `cat /dev/zero > ${RECORDS}/filler 2> /dev/null || true`);
}

/** Ends the fault, after the machine itself has done what it has to do without help. */
export async function end(fault: Fault, fleet: MatrixFleet, machine: Name | undefined): Promise<void> {
  if (machine === undefined) return;
  if (fault === "cut") {
    // It is alone, and goes back all the same: seen on its disk.
    await until(`${machine} has gone back by itself`, () => !existsSync(record(fleet, machine, "pending.json")), PATIENCE_MS);
    setLink(fleet, machine, "up");
  }
  if (fault === "kill") await fleet.hosts.boot(machine);
  if (fault === "fillDisk") await fleet.hosts.sh(machine, EMPTY);
  const state = (): Promise<string> => fleet.hosts.sh(machine, "systemctl is-system-running || true");
  const isUp = async (): Promise<boolean> => /^(running|degraded)$/.test(await state());
  await until(`${machine} answers again`, isUp, PATIENCE_MS);
}

/** Whether clients reach the machine all the time. */
export const cutsClientsOff = (fault: Fault | undefined): boolean => fault === "cut" || fault === "kill" || fault === "reboot";

function setLink(fleet: MatrixFleet, machine: Name, state: "up" | "down"): void {
  execFileSync("ip", ["link", "set", fleet.hosts.link(machine), state]);
}

const record = (fleet: MatrixFleet, machine: Name, file: string): string => join(fleet.hosts.disk(machine), RECORDS, "shop", file);
