/**
 * A machine's baseline after its switch. What could keep the operator out is on trial: a new login, by a connection of its own, has to
 * come through before the machine keeps it. Without one the machine puts back by itself what was there.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { FleetError } from "../errors.ts";
import { agent, type Session } from "./agent.ts";
import { knockCommand } from "./commands.ts";
import type { Lead } from "./lead.ts";
import { keepingTime, TransportFailure } from "./transports/connection.ts";

/** How long the new login may take. */
const TRIAL_MS = 30_000;
const KNOCK_PAUSE_MS = 500;

/** @param unhardened what the switch has found to be different; nothing is done without */
export async function hardenOne(lead: Lead, session: Session, unhardened: unknown): Promise<void> {
  if (!Array.isArray(unhardened) || unhardened.length === 0) return;
  const { rollout, say } = lead;
  const { trial } = await agent(session, say, ["harden", "--rollout", rollout, "--trial-ms", String(TRIAL_MS)]);
  if (typeof trial !== "string") return;
  await knock(lead, session, trial, unhardened.join(", "));
  await agent(session, say, ["keep-hardening", "--rollout", rollout, "--trial", trial]);
  say(session.machine.name, "hardening", "a new login came through");
}

/** @throws FleetError when no new connection comes through in time */
async function knock(lead: Lead, { machine }: Session, trial: string, what: string): Promise<void> {
  const deadlineMs = performance.now() + TRIAL_MS;
  for (;;) {
    const timeoutMs = Math.max(1, Math.ceil(deadlineMs - performance.now()));
    const connection = keepingTime(lead.connect(machine.transport, Math.min(lead.plan.options.connectTimeoutMs, timeoutMs)));
    try {
      if ((await connection.run(knockCommand(trial), { timeoutMs })).code === 0) return;
    } catch (error) {
      if (!(error instanceof TransportFailure)) throw error;
      if (performance.now() + KNOCK_PAUSE_MS >= deadlineMs) throw lockedOut(machine.name, what, error);
    } finally {
      await connection.close();
    }
    await sleep(KNOCK_PAUSE_MS);
  }
}

function lockedOut(machine: string, what: string, { message }: Error): FleetError {
  return new FleetError(`no new SSH login came through the machine's new ${what}: ${message}`, {
    machine,
    kept: "what it ran before, and its firewall and SSH settings of before: they go back by themselves.",
    next: "name the port that SSH comes in by under hardening.firewall.allow, or turn the key off; then run the same again.",
  });
}
