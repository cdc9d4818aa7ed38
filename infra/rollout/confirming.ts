/**
 * Confirm everywhere, in three parts: what may fail or take time (`prepareOne`), while everything can still go back; one rename on
 * all machines at the same moment; what is left to clear away. Only a cut within the second part can leave two releases.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { type AppStatus, appStatusSchema } from "../../runtime/report.ts";
import { FleetError } from "../errors.ts";
import { agent, type Session, talk } from "./agent.ts";
import { all } from "./all.ts";
import { decideCommand, NOT_PREPARED } from "./commands.ts";
import { timed } from "./events.ts";
import type { Lead } from "./lead.ts";
import { prepareOne } from "./switching.ts";

/** One try of the rename; the machine's lock may be held by its lease's watcher for a moment. */
const DECIDE_TIMEOUT_MS = 15_000;
const DECIDE_PAUSE_MS = 100;

export interface Confirmed {
  windowMs: number;
  /** Not of those that didn't say, and have to be asked. */
  reports: Map<Session, AppStatus>;
}

type Decision = "confirmed" | "gone" | "unknown";

/**
 * @param confirmed gets every machine whose confirm had its effect
 * @returns how long it took from the first rename's start to the last one's end, and what machines said of themselves after it
 * @throws FleetError naming who is on which release, if not all could be confirmed
 */
export async function confirmAll(lead: Lead, sessions: readonly Session[], confirmed: Session[]): Promise<Confirmed> {
  await all(sessions, (session) => prepareOne(lead, session));
  lead.stopIfAsked();
  const startedMs = performance.now();
  const decisions = await Promise.all(sessions.map((session) => decide(session, startedMs + lead.plan.options.leaseMs)));
  const windowMs = performance.now() - startedMs;
  confirmed.push(...sessions.filter((_, index) => decisions[index] === "confirmed"));
  lead.keeper.stop();
  const reports: Confirmed["reports"] = new Map();
  const completeOne = async (session: Session): Promise<void> => {
    const report = await timed(lead.tell, session.machine.name, "confirm", () => complete(lead, session));
    if (report !== undefined) reports.set(session, report);
  };
  await Promise.all(confirmed.map(completeOne));
  if (confirmed.length < sessions.length) throw undecided(sessions, decisions);
  return { windowMs, reports };
}

/** Once one machine may have confirmed, the way is forward: a machine that doesn't answer is asked until its lease has run out. */
async function decide(session: Session, deadlineMs: number): Promise<Decision> {
  const { name, manifest, applyId } = session.machine;
  const command = decideCommand(manifest.app.name, applyId);
  for (;;) {
    const leftMs = Math.max(1, deadlineMs - performance.now());
    const timeoutMs = Math.ceil(Math.min(DECIDE_TIMEOUT_MS, leftMs));
    const result = await talk(name, "confirm", () => session.connection.run(command, { timeoutMs })).catch(() => undefined);
    if (result?.code === 0) return "confirmed";
    if (result?.code === NOT_PREPARED) return "gone";
    if (performance.now() >= deadlineMs) return "unknown";
    await sleep(Math.min(DECIDE_PAUSE_MS, leftMs / 10));
  }
}

/** What can't be done now, the machine does by itself when the lease has run out. @returns what it runs, if it said so */
async function complete(lead: Lead, session: Session): Promise<AppStatus | undefined> {
  const { manifest, applyId, name } = session.machine;
  const { leaseMs } = lead.plan.options;
  const args = ["confirm", "--app", manifest.app.name, "--apply-id", applyId, "--rollout", lead.rollout];
  try {
    const { status } = await agent(session, lead.say, args, { timeoutMs: leaseMs });
    return z.safeParse(appStatusSchema, status).data;
  } catch {
    lead.say(name, "confirm", "confirmed; it clears away by itself what was before");
    return undefined;
  }
}

/** The one moment in which a cut can leave two releases: no protocol rules it out, so it is told. */
function undecided(sessions: readonly Session[], decisions: readonly Decision[]): FleetError {
  const names = (decision: Decision): string =>
    sessions.flatMap(({ machine }, index) => (decisions[index] === decision ? [machine.name] : [])).join(", ");
  const lines = [
    ...(names("gone") === "" ? [] : [`${names("gone")}: confirm: it went back by itself before it could be confirmed.`]),
    ...(names("unknown") === "" ? [] : [`${names("unknown")}: confirm: no answer; whether it was confirmed is not known.`]),
    ...(names("confirmed") === "" ? [] : [`The new release was confirmed already on ${names("confirmed")}.`]),
  ];
  return new FleetError(lines.join("\n"), { next: "run the same command again; it brings all machines to the new release." });
}
