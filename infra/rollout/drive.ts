/** Carries out a plan: stage everywhere, switch batch by batch, confirm everywhere; or put everything back. */
import { exitCodes, FleetError } from "../errors.ts";
import { operator } from "../operator.ts";
import { agent, type Session } from "./agent.ts";
import { keepLeases, type Leases } from "./leases.ts";
import type { Observation } from "./observation.ts";
import { observeThrough } from "./observe.ts";
import { batches, decide, type Plan } from "./plan.ts";
import type { Say } from "./progress.ts";
import { type RolloutResult, resultOf } from "./result.ts";
import { stage } from "./stage.ts";
import { sshConnection } from "./transports/ssh.ts";

interface Context {
  plan: Plan;
  say: Say;
  signal: AbortSignal;
}

/**
 * @param connect another way to the machines, for tests
 * @throws FleetError after every machine that had been switched was put back
 */
export async function drive(plan: Plan, say: Say, signal: AbortSignal, connect = sshConnection): Promise<RolloutResult> {
  const sessions = plan.machines.map((machine) => ({
    machine,
    connection: connect(machine.transport, plan.options.connectTimeoutMs),
  }));
  try {
    return await driveSessions({ plan, say, signal }, sessions);
  } finally {
    await Promise.allSettled(sessions.map((session) => session.connection.close()));
  }
}

async function driveSessions(context: Context, sessions: Session[]): Promise<RolloutResult> {
  await change(context, sessions);
  const after = await look(context, sessions);
  return resultOf(
    context.plan,
    sessions.map((session) => ({ machine: session.machine, seen: reachable(after, session) })),
  );
}

/** Whoever may be left out is not in the plan: a machine that is lost only now stops the rollout, and the next one plans without it. */
async function change(context: Context, sessions: Session[]): Promise<void> {
  const { say, signal } = context;
  const seen = await look(context, sessions);
  const lost = [...seen].flatMap(([{ machine }, sight]) => (sight.state === "unreachable" ? [{ name: machine.name, ...sight }] : []));
  if (lost.length > 0) throw unreachableError(lost);
  const changing = sessions.filter((session) => !isDone(session, seen.get(session)));
  for (const session of sessions) if (!changing.includes(session)) say(session.machine.name, "same", "is as wanted already");
  try {
    await all(changing, (session) => stage(session, reachable(seen, session), say, context));
    await switchAll(context, changing);
  } catch (error) {
    throw signal.aborted ? interruptedError() : error;
  }
}

/** Asks every machine what it runs. */
async function look({ plan }: Context, sessions: Session[]): Promise<Map<Session, Observation>> {
  const seen = new Map<Session, Observation>();
  await all(sessions, async (session) => {
    const { name, transport } = session.machine;
    seen.set(session, await observeThrough(name, transport, session.connection, plan.options.connectTimeoutMs));
  });
  return seen;
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

function reachable(seen: Map<Session, Observation>, session: Session): Extract<Observation, { state: "reachable" }> {
  const sight = seen.get(session);
  if (sight?.state === "reachable") return sight;
  throw new FleetError("it stopped answering during the rollout.", {
    machine: session.machine.name,
    kept: "the other machines run the new release.",
    next: "bring it back, then run the same command again.",
  });
}

async function switchAll(context: Context, sessions: Session[]): Promise<void> {
  const { plan, say, signal } = context;
  const switched: Session[] = [];
  const confirmed: string[] = [];
  const leases = keepLeases(plan.options.leaseMs);
  try {
    for (const group of batches(sessions, plan.options.batch)) {
      signal.throwIfAborted();
      switched.push(...group);
      await all(group, (session) => switchOne(context, session, leases));
    }
    signal.throwIfAborted();
    await all(sessions, async (session) => {
      await agent(session, say, ["confirm", "--app", session.machine.manifest.app.name, "--apply-id", session.machine.applyId]);
      confirmed.push(session.machine.name);
    });
  } catch (error) {
    leases.stop();
    await putBack(context, switched.filter(({ machine }) => !confirmed.includes(machine.name)));
    throw confirmed.length === 0 ? error : partlyConfirmed(error as Error, confirmed);
  } finally {
    leases.stop();
  }
}

/** Not ended by an interrupt: a switch under way is let finish, so that putting back finds the machine in a known state. */
async function switchOne({ plan, say }: Context, session: Session, leases: Leases): Promise<void> {
  leases.hold(session);
  const { leaseMs, surge } = plan.options;
  const { applyId, rollbackFrom } = session.machine;
  const about = ["--by", operator(), ...(rollbackFrom === undefined ? [] : ["--rollback-from", rollbackFrom])];
  await agent(session, say, ["switch", "--apply-id", applyId, "--lease-ms", String(leaseMs), "--surge", surge, ...about]);
}

/** A machine that can't be told goes back by itself when its lease runs out. */
async function putBack({ say }: Context, sessions: Session[]): Promise<void> {
  await Promise.allSettled(
    sessions.map(async (session) => {
      const { name, manifest, applyId } = session.machine;
      // By its id: another rollout's switch, which may have come in between, is not ours to undo.
      await agent(session, say, ["revert", "--app", manifest.app.name, "--apply-id", applyId]).then(
        ({ now }) => say(name, "back", String(now)),
        () => say(name, "back", "could not be told; it goes back by itself when its lease runs out"),
      );
    }),
  );
}

/** The one moment in which a cut can leave two releases: no protocol rules it out, so it is told. */
function partlyConfirmed(error: Error, confirmed: readonly string[]): FleetError {
  return new FleetError(`${error.message}\nThe new release was confirmed already on ${confirmed.join(", ")}: the fleet is on two releases.`, {
    next: "run the same command again; it brings the others to the new release.",
  });
}

function interruptedError(): FleetError {
  return new FleetError("the rollout was interrupted.", {
    kept: "every machine that had been switched was put back.",
    next: "run the same command again when you are ready.",
    exitCode: exitCodes.interrupted,
  });
}

/** Runs `action` for all at once, waits for every one, then throws what went wrong first. */
async function all<T>(items: readonly T[], action: (item: T) => Promise<unknown>): Promise<void> {
  const outcomes = await Promise.allSettled(items.map(action));
  const failures = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as Error] : []));
  if (failures.length > 1) throw combined(failures);
  if (failures.length === 1) throw failures[0];
}

function combined(failures: readonly Error[]): Error {
  const first = failures[0];
  if (!(first instanceof FleetError)) return first ?? new Error("unknown failure");
  return new FleetError(failures.map((failure) => failure.message).join("\n"), { exitCode: first.exitCode });
}
