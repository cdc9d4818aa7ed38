/** Batch by batch to the new generation, or back again. */
import { setTimeout as sleep } from "node:timers/promises";
import { agent, type Session } from "./agent.ts";
import { all } from "./all.ts";
import { arm, type Armed, type Result } from "./armed.ts";
import { timed } from "./events.ts";
import { hardenOne } from "./hardening.ts";
import type { Lead } from "./lead.ts";

/** Longer than that, no machine is waited for that is told to go back, beside what its app may take. */
const BACK_MARGIN_MS = 60_000;

/**
 * @param groups who is switched together, in this order
 * @param begun gets every machine before it is told to switch: those have to be put back after a failure
 */
export async function switchAll(lead: Lead, groups: readonly Session[][], begun: Session[]): Promise<void> {
  const { options } = lead.plan;
  let armed = new Map<Session, Armed>();
  try {
    for (const [index, group] of groups.entries()) {
      if (begun.length > 0 && options.pauseMs > 0) await pause(lead, begun);
      lead.stopIfAsked();
      begun.push(...group);
      const turn = armed;
      // A pause may take longer than a machine should be waited for.
      armed = armAll(lead, options.pauseMs > 0 ? [] : (groups[index + 1] ?? []));
      await all(group, (session) => switchOne(lead, session, turn.get(session)));
    }
  } finally {
    for (const one of armed.values()) one.standDown();
  }
  lead.stopIfAsked();
}

function armAll(lead: Lead, group: readonly Session[]): Map<Session, Armed> {
  return new Map(group.map((session) => [session, arm(session, lead.say, switchWords(lead, session))]));
}

function switchWords({ plan, rollout, who }: Lead, { machine: { applyId, rollbackFrom } }: Session): string[] {
  const { leaseMs, surge } = plan.options;
  const about = ["--by", who, ...(rollbackFrom === undefined ? [] : ["--rollback-from", rollbackFrom])];
  return ["switch", "--apply-id", applyId, "--lease-ms", String(leaseMs), "--surge", surge, "--rollout", rollout, ...about];
}

/** Not ended by an interrupt: a switch under way is let finish, so that putting back finds the machine in a known state. */
async function switchOne(lead: Lead, session: Session, armed: Armed | undefined): Promise<void> {
  const fire = (): Promise<Result> => armed?.fire() ?? agent(session, lead.say, switchWords(lead, session));
  const { unhardened } = await timed(lead.tell, session.machine.name, "switch", () => lead.keeper.during(session, fire()));
  lead.keeper.switched(session);
  await lead.keeper.during(session, hardenOne(lead, session, unhardened));
}

/** A release that is well at first and not later is seen before the next machines get it. */
async function pause(lead: Lead, begun: readonly Session[]): Promise<void> {
  const { pauseMs } = lead.plan.options;
  lead.say(begun.at(-1)?.machine.name ?? "", "pause", `${(pauseMs / 1000).toFixed(1)} s`);
  await sleep(pauseMs, undefined, { signal: AbortSignal.any([lead.signal, lead.keeper.signal]) }).catch(() => undefined);
  lead.stopIfAsked();
  await all(begun, (session) => prepareOne(lead, session));
}

/** Asks once more whether the new generation is well, and puts its confirm ready. */
export async function prepareOne(lead: Lead, session: Session): Promise<void> {
  const { manifest, applyId, name } = session.machine;
  const args = ["confirm", "--prepare", "--app", manifest.app.name, "--apply-id", applyId, "--rollout", lead.rollout];
  await timed(lead.tell, name, "prepare", () => lead.keeper.during(session, agent(session, lead.say, args)));
}

/** A machine that can't be told goes back by itself when its lease runs out. */
export async function putBack(lead: Lead, sessions: readonly Session[]): Promise<void> {
  await Promise.allSettled(sessions.map((session) => timed(lead.tell, session.machine.name, "back", () => putOneBack(lead, session))));
}

async function putOneBack({ say, rollout, keeper, plan }: Lead, session: Session): Promise<void> {
  const { name, manifest, applyId } = session.machine;
  const [{ bootTimeoutMs, drainTimeoutMs, health }] = manifest.app.processes;
  const patienceMs = bootTimeoutMs + drainTimeoutMs + health.timeoutMs + BACK_MARGIN_MS;
  const timeoutMs = keeper.isLost(session) ? plan.options.connectTimeoutMs : patienceMs;
  // By its id: another rollout's switch, which may have come in between, is not ours to undo.
  await agent(session, say, ["revert", "--app", manifest.app.name, "--apply-id", applyId, "--rollout", rollout], { timeoutMs }).then(
    ({ now }) => say(name, "back", String(now)),
    () => say(name, "back", "could not be told; it goes back by itself when its lease runs out"),
  );
}

/** Ends the hold on machines that were not switched. One that can't be told waits for its end. */
export async function letGo({ rollout, plan }: Lead, sessions: readonly Session[]): Promise<void> {
  const timeoutMs = plan.options.connectTimeoutMs + RELEASE_MS;
  await Promise.allSettled(sessions.map((session) => agent(session, () => undefined, ["release", "--rollout", rollout], { timeoutMs })));
}

const RELEASE_MS = 10_000;
