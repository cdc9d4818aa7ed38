/** The steps before the first switch: each on one machine, known to all. `once.ts` decides. */
import { randomUUID } from "node:crypto";
import type { OnceStep } from "../../runtime/manifest.ts";
import type { OnceEntry } from "../../runtime/once.ts";
import { FleetError } from "../errors.ts";
import { agent, type Session } from "./agent.ts";
import { all } from "./all.ts";
import { timed } from "./events.ts";
import type { Lead } from "./lead.ts";
import { judgeOnce } from "./once.ts";

/**
 * Runs what has not been done for this release, on the first machine that changes.
 * @param known what every machine of the plan has on record
 * @throws FleetError before anything has switched
 */
export async function runSteps(
  lead: Lead,
  sessions: readonly Session[],
  changing: readonly Session[],
  known: readonly OnceEntry[],
): Promise<void> {
  const [first] = changing;
  for (const step of first?.machine.manifest.app.once ?? []) {
    lead.stopIfAsked();
    if (first !== undefined) await runStep(lead, sessions, first, step, known);
  }
}

async function runStep(
  lead: Lead,
  sessions: readonly Session[],
  first: Session,
  step: OnceStep,
  known: readonly OnceEntry[],
): Promise<void> {
  const verdict = judgeOnce(step, known, lead.repeatOnce.includes(step.name));
  if (verdict.kind === "stuck") throw stuck(step, verdict.on);
  if (verdict.kind === "skip") return lead.say(first.machine.name, "once", `${step.name}: was done for this release, on ${verdict.on}`);
  const where = verdict.kind === "join" ? sessions.find(({ machine }) => machine.name === verdict.on) : first;
  if (where === undefined) throw stuck(step, verdict.kind === "join" ? verdict.on : first.machine.name);
  const attempt = verdict.kind === "join" ? verdict.attempt : randomUUID();
  const others = sessions.filter((session) => session !== where);
  const about = { step: step.name, attempt, on: where.machine.name };
  const note = (state: OnceEntry["state"]) => (session: Session) => writeDown(lead, session, { ...about, state });
  // Before it begins, so that any machine that is left can tell that it was begun.
  if (verdict.kind === "run") await all(others, note("started"));
  // How it failed only `where` can say, and it is asked by the next rollout. If it is gone by then, nobody knows how far it came.
  await timed(lead.tell, where.machine.name, "once", () => perform(lead, where, step, attempt));
  // Whoever isn't reached now hears it from `where`, too.
  await all(others, note("done")).catch(() => undefined);
}

/** Not ended by an interrupt: half a migration is worse than a late end. */
async function perform(lead: Lead, session: Session, step: OnceStep, attempt: string): Promise<void> {
  const args = ["once", "--rollout", lead.rollout, "--step", step.name, "--attempt", attempt];
  await lead.keeper.during(session, agent(session, lead.say, args));
}

async function writeDown(lead: Lead, session: Session, about: { step: string; attempt: string; state: string; on: string }): Promise<void> {
  const { step, attempt, state, on } = about;
  const args = ["note-once", "--rollout", lead.rollout, "--step", step, "--attempt", attempt, "--state", state, "--on", on];
  await lead.keeper.during(session, agent(session, lead.say, args));
}

function stuck(step: OnceStep, on: string): FleetError {
  return new FleetError(`the step "${step.name}" began on ${on} for this release, and nobody knows how far it came.`, {
    kept: "everything; nothing was switched.",
    next:
      `see what it did. To run it again: fleet up --repeat-once ${step.name} (FLEETWRIGHT_REPEAT_ONCE=${step.name} for pulumi up), ` +
      'or declare it "repeatable: true" if running it twice does no harm.',
  });
}
