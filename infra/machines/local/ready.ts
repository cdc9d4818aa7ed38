/** Waiting for a machine that was just started. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { FleetError } from "../../errors.ts";
import type { MachinePlace, Place } from "./place.ts";
import { isRunning, type MachineRecord } from "./registry.ts";
import { lastLines, run } from "./run.ts";

const BANNER_TIMEOUT_MS = 1_000;
const RETRY_MS = 25;

/** Options of the system's ssh for a machine, as an ordinary user's own configuration doesn't matter here. */
export function sshArguments(place: Place, machine: MachinePlace, address: string): string[] {
  const options = {
    BatchMode: "yes",
    ConnectTimeout: "5",
    IdentitiesOnly: "yes",
    IdentityFile: place.privateKeyFile,
    StrictHostKeyChecking: "yes",
    UserKnownHostsFile: machine.knownHosts,
    GlobalKnownHostsFile: "/dev/null",
  };
  return ["-F", "none", ...Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`]), `root@${address}`];
}

/**
 * Waits until one can log in and systemd has started all that it wanted to start.
 * @returns what `nproc` says inside, and whether a unit has failed
 * @throws FleetError with the console's last lines when the machine ends, or isn't up after `timeoutMs`
 */
export async function waitUntilUp(
  place: Place,
  machine: MachinePlace,
  record: MachineRecord,
  timeoutMs: number,
): Promise<{ cores: number; degraded: boolean }> {
  const end = performance.now() + timeoutMs;
  while (!(await answers(record.address))) {
    if (!isRunning(record)) throw failure(machine, "it ended while booting");
    if (performance.now() > end) throw failure(machine, `sshd didn't answer on ${record.address} for ${timeoutMs / 1000} s`);
    await sleep(RETRY_MS);
  }
  writeFileSync(machine.knownHosts, `${record.address} ${record.disk?.hostKey}\n`);
  const asked = [...sshArguments(place, machine, record.address), "systemctl is-system-running --wait || :; nproc"];
  const said = await run("ssh", asked, { timeoutMs: Math.max(1, Math.ceil(end - performance.now())) }).catch((error: unknown) => {
    if (!(error instanceof FleetError)) throw error;
    throw failure(machine, `systemd wasn't up after ${timeoutMs / 1000} s, or the login failed`, error.log);
  });
  return upOrFailure(machine, said);
}

function upOrFailure(machine: MachinePlace, said: string): { cores: number; degraded: boolean } {
  const [state = "", nproc = ""] = said.trim().split("\n");
  if (state !== "running" && state !== "degraded") throw failure(machine, `systemd says "${state}"`);
  return { cores: Number(nproc), degraded: state === "degraded" };
}

/** Whether something says that it is an SSH server. */
function answers(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port: 22 });
    const done = (yes: boolean) => {
      socket.destroy();
      resolve(yes);
    };
    socket.setTimeout(BANNER_TIMEOUT_MS, () => done(false));
    socket.once("error", () => done(false));
    socket.once("close", () => done(false));
    socket.once("data", (data) => done(data.toString("latin1").startsWith("SSH-")));
  });
}

function failure(machine: MachinePlace, what: string, log: readonly string[] = []): FleetError {
  const consoleText = existsSync(machine.console) ? readFileSync(machine.console, "utf8") : "";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the console is coloured
  const plain = consoleText.replace(/\u001b\[[0-9;?]*[A-Za-z]/g, "");
  return new FleetError(what, {
    machine: machine.name,
    log: [...log, ...lastLines(plain, 10)],
    kept: "its disk, and what still runs of it",
    next: `Run the same command again. All it said is in ${machine.console}`,
  });
}
