/** Carries out a plan: stage everywhere, steps, switch batch by batch, confirm everywhere; or put everything back. */
import { FleetError } from "../errors.ts";
import type { Session } from "./agent.ts";
import { all } from "./all.ts";
import { groups } from "./batches.ts";
import { settleCertificates } from "./certificates.ts";
import { type Confirmed, confirmAll } from "./confirming.ts";
import { interruptedError, type Lead, type LeadOptions, leadOf } from "./lead.ts";
import type { Observation } from "./observation.ts";
import { observeThrough } from "./observe.ts";
import { decide, type Plan } from "./plan.ts";
import type { Say } from "./progress.ts";
import { reachable, ready, type Sights } from "./readying.ts";
import { type RolloutResult, resultOf } from "./result.ts";
import { standingOf } from "./standing.ts";
import { runSteps } from "./steps.ts";
import { letGo, putBack, switchAll } from "./switching.ts";
import { keepingTime } from "./transports/connection.ts";

/** @throws FleetError after every machine that had been switched was put back; its last line says on which release the fleet is */
export async function drive(plan: Plan, say: Say, signal: AbortSignal, options: LeadOptions = {}): Promise<RolloutResult> {
  const lead = leadOf(plan, say, signal, options);
  const sessions = plan.machines.map((machine) => ({
    machine,
    connection: keepingTime(lead.connect(machine.transport, plan.options.connectTimeoutMs)),
  }));
  try {
    return await toTheEnd(lead, sessions);
  } finally {
    lead.keeper.stop();
    await lead.asides();
    await Promise.allSettled(sessions.map((session) => session.connection.close()));
  }
}

/** The rollout, and the event of its end. */
async function toTheEnd(lead: Lead, sessions: Session[]): Promise<RolloutResult> {
  const { plan, tell, say, signal } = lead;
  const startedMs = performance.now();
  const tookMs = (): number => Math.round(performance.now() - startedMs);
  try {
    const { confirmWindowMs, seen } = await change(lead, sessions);
    const after = await settleCertificates(plan, say, seen, () => look(lead, sessions), signal);
    const ends = sessions.map((session) => ({ machine: session.machine, seen: reachable(after, session, plan) }));
    const result = resultOf(plan, ends);
    lead.keep([...after].map(([{ machine }, sight]) => [machine.name, sight]));
    tell({ event: "end", tookMs: tookMs(), ok: true, confirmWindowMs, message: null });
    return result;
  } catch (error) {
    tell({ event: "end", tookMs: tookMs(), ok: false, confirmWindowMs: null, message: (error as Error).message });
    throw error;
  }
}

interface Changed {
  seen: Sights;
  confirmWindowMs: number | null;
}

/**
 * Whoever may be left out is not in the plan: a machine that is lost only now stops the rollout, and the next one plans without it.
 * @returns what every machine runs now, and how long the decisive moment took; null when nothing had to change
 */
async function change(lead: Lead, sessions: Session[]): Promise<Changed> {
  const { say, plan } = lead;
  const seen = await look(lead, sessions, lead.told);
  const lost = [...seen].flatMap(([{ machine }, sight]) => (sight.state === "unreachable" ? [{ name: machine.name, ...sight }] : []));
  if (lost.length > 0) throw unreachableError(lost);
  const changing = sessions.filter((session) => !isDone(session, seen.get(session)));
  for (const session of sessions) if (!changing.includes(session)) say(session.machine.name, "same", "is as wanted already");
  const together = groups(changing, plan.options.batch, sessions.length, { recovers: lead.recovers, serving: serving(sessions, seen) });
  announce(lead, changing, together);
  return changing.length === 0 ? { seen, confirmWindowMs: null } : bringAll(lead, { sessions, changing, together, seen });
}

interface Work {
  /** All of the plan's machines. */
  sessions: Session[];
  /** Those that aren't as wanted, and the same in the groups that are switched together. */
  changing: Session[];
  together: Session[][];
  seen: Sights;
}

/** To the new release on every machine that changes, or back on each that hasn't confirmed it. */
async function bringAll(lead: Lead, { sessions, changing, together, seen }: Work): Promise<Changed> {
  const { signal, plan, keeper } = lead;
  const held: Session[] = [];
  const begun: Session[] = [];
  const confirmed: Session[] = [];
  try {
    const known = await ready(lead, sessions, changing, seen, held);
    await runSteps(lead, sessions, changing, known);
    await switchAll(lead, together, begun);
    const { windowMs, reports } = await confirmAll(lead, changing, confirmed);
    await letGo(lead, without(sessions, changing));
    return { seen: await seenAfter(lead, changing, seen, reports), confirmWindowMs: windowMs };
  } catch (error) {
    keeper.stop();
    const back = without(begun, confirmed);
    await Promise.all([putBack(lead, back), letGo(lead, without(held, [...back, ...confirmed]))]);
    const standing = await fleetStanding(lead, sessions);
    throw telling(signal.aborted && confirmed.length === 0 ? interruptedError() : (error as Error), standing, plan);
  }
}

/** What was seen before, and of machines that changed what they said at their confirm; who didn't is asked. */
async function seenAfter(lead: Lead, changing: readonly Session[], before: Sights, reports: Confirmed["reports"]): Promise<Sights> {
  const said = [...reports].map(([session, report]): [Session, Observation] => {
    const sight = reachable(before, session, lead.plan);
    return [session, { ...sight, apps: [...sight.apps.filter(({ app }) => app !== report.app), report] }];
  });
  const silent = changing.filter((session) => !reports.has(session));
  return new Map([...before, ...said, ...(await look(lead, silent))]);
}

/** How many machines have a generation of their app. */
function serving(sessions: readonly Session[], seen: Sights): number {
  return sessions.filter((session) => {
    const sight = seen.get(session);
    return (
      sight?.state === "reachable" && sight.apps.some(({ app, release }) => app === session.machine.manifest.app.name && release !== "")
    );
  }).length;
}

function announce({ plan, rollout, who, tell }: Lead, changing: readonly Session[], together: readonly Session[][]): void {
  const names = (some: readonly Session[]): string[] => some.map(({ machine }) => machine.name);
  const machines = plan.machines.map(({ name }) => name);
  const groupNames = together.map(names);
  tell({
    event: "begin",
    rollout,
    fleet: plan.fleet,
    release: plan.release,
    who,
    machines,
    changing: names(changing),
    batches: groupNames,
  });
}

/** Asks every machine what it runs, but those that are `told` of. */
async function look({ plan }: Lead, sessions: readonly Session[], told: Lead["told"] = new Map()): Promise<Sights> {
  const seen: Sights = new Map();
  await all(sessions, async (session) => {
    const { name, transport } = session.machine;
    seen.set(session, told.get(name) ?? (await observeThrough(name, transport, session.connection, plan.options.connectTimeoutMs)));
  });
  return seen;
}

/** After a failure: whoever doesn't answer isn't waited for again. */
async function fleetStanding({ plan, keeper }: Lead, sessions: readonly Session[]): Promise<string> {
  const sights = sessions.map(async (session) => {
    const { name, transport, manifest } = session.machine;
    const asked = keeper.isLost(session) ? undefined : observeThrough(name, transport, session.connection, plan.options.connectTimeoutMs);
    const seen = await asked?.catch(() => undefined);
    return { machine: name, app: manifest.app.name, seen };
  });
  return standingOf(await Promise.all(sights), plan.options.leaseMs);
}

function telling(error: Error, standing: string, { machines }: Plan): Error {
  if (!(error instanceof FleetError)) return error;
  return new FleetError(`${error.message}\n${machines.length === 1 ? standing.replace("The fleet", "The machine") : standing}`, {
    exitCode: error.exitCode,
  });
}

/** The error for machines that don't answer. */
export function unreachableError(lost: readonly { name: string; why: string; waitedMs: number }[]): FleetError {
  const lines = lost.map(({ name, why, waitedMs }) => `${name}: no answer for ${(waitedMs / 1000).toFixed(1)} s (${why})`);
  return new FleetError(`${lost.length === 1 ? "a machine can't" : `${lost.length} machines can't`} be reached:\n  ${lines.join("\n  ")}`, {
    kept: "everything; nothing was switched.",
    next: "bring the machine back, or go on without it: name it under rollout.skip (or --skip), or raise rollout.maxUnreachable.",
  });
}

/** As wanted, and recorded as this plan has it: else the run after would find another id than Pulumi's state has. */
function isDone({ machine }: Session, seen: Observation | undefined): boolean {
  const now = decide(machine.manifest, "", seen);
  return now.matches && now.applyId === machine.applyId;
}

const without = (sessions: readonly Session[], others: readonly Session[]): Session[] => sessions.filter((one) => !others.includes(one));
