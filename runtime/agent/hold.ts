/**
 * A rollout's hold on a machine: nobody else changes the app there while it lasts. It is a deadline on the machine's own clock,
 * renewed by whoever leads the rollout, so that a hold of the dead ends by itself, and in /run, as a boot ends every rollout.
 */
import { rm } from "node:fs/promises";
import { agentExit } from "../report.ts";
import * as z from "../zod.ts";
import type { Agent } from "./context.ts";
import { AgentFailure } from "./failure.ts";
import { readIfThere, writeAtomic } from "./files.ts";
import { briefLock } from "./lock.ts";

const holdSchema = z.object({
  /** The rollout's id. */
  rollout: z.string(),
  /** `user@host` of the operator. */
  who: z.string(),
  /** By the machine's clock; for people. */
  since: z.string(),
  deadlineUptimeMs: z.number(),
});
export type Hold = z.infer<typeof holdSchema>;

export interface HoldOptions {
  rollout: string;
  who: string;
  leaseMs: number;
  /** Ends another rollout's hold: its next word to this machine is refused. */
  takeOver: boolean;
}

/** Whose the machine is, seen by a rollout. Pure. One's own hold is never lost by time alone, only to somebody else. */
export function judgeHold(hold: Hold | undefined, rollout: string | undefined, uptimeMs: number): "free" | "ours" | "another's" {
  if (hold === undefined) return "free";
  if (hold.rollout === rollout) return "ours";
  return uptimeMs < hold.deadlineUptimeMs ? "another's" : "free";
}

/** @throws AgentFailure with exit code 4, saying who holds it, since when, and how to take over */
export async function takeHold(agent: Agent, app: string, { rollout, who, leaseMs, takeOver }: HoldOptions): Promise<Hold> {
  await using _lock = await briefLock(agent, `${agent.paths.hold(app)}.lock`);
  const hold = await readHold(agent, app);
  const uptimeMs = await agent.clock.uptimeMs();
  const whose = judgeHold(hold, rollout, uptimeMs);
  if (whose === "another's" && hold !== undefined && !takeOver) throw held(hold, uptimeMs);
  const since = whose === "ours" && hold !== undefined ? hold.since : agent.clock.wallTime();
  return writeHold(agent, app, { rollout, who, since, deadlineUptimeMs: uptimeMs + leaseMs });
}

/** @throws AgentFailure when somebody has taken it over, or a boot has ended it */
export async function renewHold(agent: Agent, app: string, rollout: string, leaseMs: number): Promise<Hold> {
  await using _lock = await briefLock(agent, `${agent.paths.hold(app)}.lock`);
  const hold = await readHold(agent, app);
  if (hold?.rollout !== rollout) throw lostHold(hold);
  return writeHold(agent, app, { ...hold, deadlineUptimeMs: (await agent.clock.uptimeMs()) + leaseMs });
}

/** Lets go, if it is this rollout's. */
export async function releaseHold(agent: Agent, app: string, rollout: string): Promise<void> {
  await using _lock = await briefLock(agent, `${agent.paths.hold(app)}.lock`);
  if ((await readHold(agent, app))?.rollout === rollout) await rm(agent.paths.hold(app), { force: true });
}

/**
 * For whoever changes an app: refuses while another rollout holds the machine.
 * @param rollout undefined for a change outside of any rollout
 * @throws AgentFailure with exit code 4
 */
export async function requireHold(agent: Agent, app: string, rollout: string | undefined): Promise<void> {
  const hold = await readHold(agent, app);
  const uptimeMs = await agent.clock.uptimeMs();
  const whose = judgeHold(hold, rollout, uptimeMs);
  if (whose === "another's" && hold !== undefined) throw held(hold, uptimeMs);
  if (whose === "free" && rollout !== undefined) throw lostHold(hold);
}

/** The hold on file, whether it still lasts or not. */
export async function readHold({ paths }: Pick<Agent, "paths">, app: string): Promise<Hold | undefined> {
  const text = await readIfThere(paths.hold(app));
  try {
    return text === undefined ? undefined : holdSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

async function writeHold({ paths }: Agent, app: string, hold: Hold): Promise<Hold> {
  await writeAtomic(paths.hold(app), `${JSON.stringify(hold)}\n`, { mode: 0o644 });
  return hold;
}

function held({ who, since, deadlineUptimeMs }: Hold, uptimeMs: number): AgentFailure {
  const leftS = Math.ceil((deadlineUptimeMs - uptimeMs) / 1000);
  return new AgentFailure("hold", `a rollout of ${who} holds this machine since ${since}`, {
    kept: "everything; nothing was switched",
    next:
      `Wait for it to end; if ${who} is gone, its hold ends by itself in ${leftS} s. ` +
      "To take over (their rollout is then undone): fleet up --take-over, or FLEETWRIGHT_TAKE_OVER=1 for pulumi up.",
    exitCode: agentExit.busy,
  });
}

function lostHold(hold: Hold | undefined): AgentFailure {
  const gone = "this rollout no longer holds the machine: it was started again";
  const what = hold === undefined ? gone : `${hold.who} has taken over this machine`;
  return new AgentFailure("hold", what, {
    kept: "what runs now; a switch that wasn't confirmed goes back by itself",
    next: hold === undefined ? "Run the rollout again." : `Ask ${hold.who}; then run it again.`,
    exitCode: agentExit.busy,
  });
}
