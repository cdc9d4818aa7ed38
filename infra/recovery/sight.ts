/** What is there before a recovery touches anything: each machine is asked, all at once, and nothing is changed. */
import { releasesSchema } from "../../runtime/report.ts";
import { FleetError } from "../errors.ts";
import type { InventoryMachine } from "../inventory.ts";
import type { SshTransport } from "../machines/machine.ts";
import { currentAgentCommand } from "../rollout/commands.ts";
import { observeThrough } from "../rollout/observe.ts";
import { type Connection, TransportFailure } from "../rollout/transports/connection.ts";
import { sshConnection } from "../rollout/transports/ssh.ts";
import type { Candidate } from "./candidates.ts";

export type Standing =
  /** It will be made. */
  | { state: "absent" }
  /** It doesn't answer. */
  | { state: "silent"; why: string }
  /** It answers, but not to us: another host key, a refused login. */
  | { state: "refused"; why: string }
  /** It answers, and nothing of the app is on it. */
  | { state: "empty"; skewMs: number }
  /** It runs the app. */
  | { state: "alive"; release: string; skewMs: number; changedAtMs: number | null };

export interface MachineSight {
  fleet: string;
  name: string;
  address: string;
  standing: Standing;
}

const CONNECT_TIMEOUT_MS = 10_000;
const ANSWER_TIMEOUT_MS = 30_000;

export function lookAt(candidates: readonly Candidate[]): Promise<MachineSight[]> {
  return Promise.all(
    candidates.map(async ({ fleet, app, name, address, transport }) => ({
      fleet,
      name,
      address,
      standing: transport === undefined ? ({ state: "absent" } as const) : await standingOf(name, app, transport),
    })),
  );
}

async function standingOf(name: string, app: string, transport: SshTransport): Promise<Standing> {
  const connection = sshConnection(transport, CONNECT_TIMEOUT_MS);
  try {
    const seen = await observeThrough(name, transport, connection, CONNECT_TIMEOUT_MS);
    if (seen.state === "unreachable") return { state: "silent", why: seen.why };
    const skewMs = await clockSkewMs(connection);
    const status = seen.apps.find((candidate) => candidate.app === app);
    if (status === undefined || status.release === "") return { state: "empty", skewMs };
    return { state: "alive", release: status.release, skewMs, changedAtMs: await lastConfirmMs(connection, app) };
  } catch (error) {
    if (error instanceof TransportFailure) return { state: "silent", why: error.message };
    if (!(error instanceof FleetError)) throw error;
    return { state: "refused", why: error.message.split("\n")[0] ?? "" };
  } finally {
    await connection.close();
  }
}

/** How far a machine's clock is ahead of ours. */
export interface MachineClock {
  name: string;
  address: string;
  skewMs: number;
}

/** Of those that answer; whoever doesn't is told of by others. */
export async function clocksOf(machines: readonly InventoryMachine[]): Promise<MachineClock[]> {
  const clocks = machines.map(async ({ name, address, transport }): Promise<MachineClock[]> => {
    const connection = sshConnection(transport, CONNECT_TIMEOUT_MS);
    try {
      return [{ name, address, skewMs: await clockSkewMs(connection) }];
    } catch (error) {
      if (error instanceof TransportFailure) return [];
      throw error;
    } finally {
      await connection.close();
    }
  });
  return (await Promise.all(clocks)).flat();
}

/** How far a machine's clock is ahead of ours; the way there and back counts half. */
export async function clockSkewMs(connection: Connection): Promise<number> {
  const startedMs = Date.now();
  const { stdout } = await connection.run("date +%s%3N", { timeoutMs: ANSWER_TIMEOUT_MS });
  return Math.round(Number(stdout.trim()) - (startedMs + Date.now()) / 2);
}

/** By the machine's clock; null when its agent doesn't tell. */
async function lastConfirmMs(connection: Connection, app: string): Promise<number | null> {
  const command = currentAgentCommand("releases", "--app", app, "--json");
  const { code, stdout } = await connection.run(command, { timeoutMs: ANSWER_TIMEOUT_MS });
  if (code !== 0) return null;
  const { history } = releasesSchema.parse(JSON.parse(stdout));
  const last = history.findLast(({ event }) => event === "confirmed");
  return last === undefined ? null : Date.parse(last.at);
}
