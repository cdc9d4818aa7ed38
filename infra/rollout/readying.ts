/** Before anything switches: every machine is held, and has all that it will run. */
import { z } from "zod";
import { type OnceEntry, onceEntrySchema } from "../../runtime/once.ts";
import { FleetError } from "../errors.ts";
import { agent, LostConnection, Refused, type Session } from "./agent.ts";
import { all } from "./all.ts";
import { timed } from "./events.ts";
import type { Lead } from "./lead.ts";
import type { Observation, Reachable } from "./observation.ts";
import { type Plan, short } from "./plan.ts";
import { forgetSent, type Sent, sendAhead, stage, type StageOptions, stageRuntime } from "./stage.ts";

export type Sights = Map<Session, Observation>;

/**
 * Every machine has the agent, is held, and has what it will run. A machine that another rollout holds ends the work on all.
 * @returns what the machines know of the release's steps
 */
export async function ready(
  lead: Lead,
  sessions: readonly Session[],
  changing: readonly Session[],
  seen: Sights,
  held: Session[],
): Promise<OnceEntry[]> {
  const refused = new AbortController();
  const known: OnceEntry[] = [];
  const { tell, plan, rollout } = lead;
  const options = { signal: AbortSignal.any([lead.signal, lead.keeper.signal, refused.signal]), tell, plan, rollout };
  const readyOne = async (session: Session): Promise<void> => {
    const sight = reachable(seen, session, plan);
    if (changing.includes(session)) await stageRuntime(session, sight, lead.say, options);
    options.signal.throwIfAborted();
    held.push(session);
    const holding = holdAsSeen(lead, session, sight).then((once) => void known.push(...once));
    await (changing.includes(session) ? stageHeld(lead, session, sight, holding, options) : holding);
  };
  const oneTimed = (session: Session): Promise<void> =>
    timed(lead.tell, session.machine.name, "stage", () => readyOne(session)).catch((error: unknown) => {
      if (error instanceof Refused) refused.abort(error);
      throw error;
    });
  await all(sessions, oneTimed, (error) => !(error instanceof FleetError) || (refused.signal.aborted && error instanceof LostConnection));
  lead.stopIfAsked();
  return known;
}

/** What is sent ahead doesn't wait for the hold: it changes nothing. */
async function stageHeld(lead: Lead, session: Session, sight: Reachable, holding: Promise<void>, options: StageOptions): Promise<void> {
  const sent: Sent = new Map();
  try {
    await all([holding, sendAhead(session, sight, sent, lead.say, options)], (part) => part);
    await lead.keeper.during(session, stage(session, sent, lead.say, options));
  } finally {
    lead.aside(forgetSent(session, sent));
  }
}

/** What an agent says when it is held; `applied`: the apply that was confirmed last, undefined where an older agent doesn't say. */
const heldSchema = z.object({ once: z.array(onceEntrySchema).default([]), applied: z.string().nullish() });

async function hold({ rollout, who, takeOver, plan, say, keeper }: Lead, session: Session): Promise<z.infer<typeof heldSchema>> {
  const { leaseMs, connectTimeoutMs } = plan.options;
  const args = ["hold", "--rollout", rollout, "--who", who, "--lease-ms", String(leaseMs), ...(takeOver ? ["--take-over"] : [])];
  const held = await agent(session, say, args, { timeoutMs: leaseMs + connectTimeoutMs });
  keeper.hold(session);
  return heldSchema.parse(held);
}

/** From now on nobody else changes it. What was decided by an answer from before that has to be true still. */
async function holdAsSeen(lead: Lead, session: Session, { apps }: Reachable): Promise<OnceEntry[]> {
  const { machine } = session;
  const { once, applied } = await hold(lead, session);
  const before = apps.find(({ app }) => app === machine.manifest.app.name)?.applyId ?? "";
  if (!lead.told.has(machine.name) || applied === undefined || before === "" || applied === before) return once;
  throw new FleetError("another rollout has changed it since this one was planned.", {
    machine: machine.name,
    kept: "everything; nothing was switched.",
    next: "run the same command again: it sees what the machine runs now.",
  });
}

/** Who is asked at the end, all have confirmed. */
export function reachable(seen: Sights, session: Session, { release }: Plan): Reachable {
  const sight = seen.get(session);
  if (sight?.state === "reachable") return sight;
  throw new FleetError("it stopped answering after its confirm.", {
    machine: session.machine.name,
    kept: "the new release, on every machine; this one serves it, too, once it is back.",
    next: `bring it back, then run the same command again.\nThe fleet is on release ${short(release)}.`,
  });
}
