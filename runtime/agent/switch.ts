/** `fleethost switch`: the new generation beside the old one, then the old one off the traffic; or everything as it was. */
import { generationOf, type Manifest } from "../manifest.ts";
import { agentExit } from "../report.ts";
import { unhardened } from "./baseline/harden.ts";
import { applyCaddy, type CaddyChange } from "./caddy-service.ts";
import { completeConfirm, discardPrepared, isDecided } from "./confirm.ts";
import type { Agent } from "./context.ts";
import { AgentFailure, asFailure } from "./failure.ts";
import { passCaddyGate, passDirectGate, startGeneration } from "./gate.ts";
import { generationManifest } from "./generations.ts";
import { goBack } from "./go-back.ts";
import { requireHold } from "./hold.ts";
import { armLease, viewLease, writeLease } from "./lease.ts";
import { ensureMachineFiles } from "./machine-files.ts";
import { reloadIfMended, startSocket } from "./mend.ts";
import { type Asked, historyOf, readPending, readState, remember, writePending } from "./records.ts";
import { releaseIsThere } from "./releases.ts";
import { takeOffTraffic } from "./retire.ts";
import { decideShift, shiftWorkers, startingWithOne } from "./shift.ts";
import type { ShiftPlan } from "./shift-plan.ts";
import { planSwitch, type SwitchPlan } from "./switch-plan.ts";
import { observe } from "./systemd.ts";

export interface SwitchOptions {
  /** Names this change in the records; the confirm must give the same. */
  applyId: string;
  /** The machine goes back by itself when it hears nothing for this long after the switch. */
  leaseMs: number;
  /** `one`: worker by worker even where all of the new ones would fit beside the old ones. */
  surge: "auto" | "one";
  /** For the records. */
  asked?: Asked;
  /** The rollout that this is a part of; undefined for a switch by hand. */
  rollout?: string | undefined;
}

export interface SwitchResult extends Record<string, unknown> {
  generation: string;
  /** Whether a process of the app was started or stopped. */
  changed: boolean;
  /** The confirmed generation until now. */
  previous: string | null;
  caddy: CaddyChange;
  /** Parts of the machine's baseline that aren't as the manifest says, and that `harden` is asked for. */
  unhardened: string[];
}

/** @throws AgentFailure after everything is as it was, or saying what isn't */
export async function switchTo(agent: Agent, manifest: Manifest, options: SwitchOptions): Promise<SwitchResult> {
  const app = manifest.app.name;
  const generation = generationOf(manifest);
  await requireHold(agent, app, options.rollout);
  await requireStaged(agent, manifest);
  await settleEarlierSwitch(agent, app, options);
  const plan = planSwitch(generation, await observe(agent, app), (await readState(agent, app))?.generation);
  const shift = plan.start ? await decideShift(agent, app, plan.stop, options.surge) : "beside";
  // Before anything moves: from here on, whoever finds this agent dead knows that there is something to undo.
  await writePending(agent, options.applyId, manifest, options.asked);
  try {
    // It only looks, at what a switch doesn't touch.
    const looking = unhardened(agent, manifest);
    looking.catch(() => undefined);
    const caddy = await perform(agent, manifest, plan, shift, options);
    return {
      generation,
      changed: plan.start || plan.stop.length > 0,
      previous: plan.back ?? null,
      caddy,
      unhardened: await looking,
    };
  } catch (error) {
    throw await undone(agent, app, asFailure(error, "switch"));
  }
}

async function perform(
  agent: Agent,
  manifest: Manifest,
  plan: SwitchPlan,
  shift: ShiftPlan["kind"],
  { applyId, leaseMs }: SwitchOptions,
): Promise<CaddyChange> {
  const app = manifest.app.name;
  const generation = generationOf(manifest);
  await ensureMachineFiles(agent, app, plan.back ?? generation, generation);
  await armLease(agent, app, applyId, leaseMs);
  await ensureStarted(agent, manifest, plan, shift);
  await passDirectGate(agent, manifest);
  const caddy = await applyCaddy(agent, manifest);
  if (caddy !== "none") agent.report.step("caddy", caddy === "reload" ? "reloaded" : `${caddy}ed`);
  if (shift === "workerByWorker") await shiftWorkers(agent, manifest, plan.stop[0], generation);
  for (const old of plan.stop) {
    agent.report.step("drain", `generation ${old} answers what it has, then ends`);
    await takeOffTraffic(agent, app, old);
  }
  await passCaddyGate(agent, manifest);
  if (agent.signal.aborted) throw new AgentFailure("switch", "the agent was told to end");
  // The time that the switch took is the agent's, not the rollout's.
  await writeLease(agent, app, applyId, leaseMs);
  return caddy;
}

async function ensureStarted(agent: Agent, manifest: Manifest, plan: SwitchPlan, shift: ShiftPlan["kind"]): Promise<void> {
  const app = manifest.app.name;
  const generation = generationOf(manifest);
  const stopped = await startSocket(agent, app);
  if (plan.start || stopped.includes(generation)) {
    agent.report.step("start", `generation ${generation}${plan.stop.length > 0 ? ` beside ${plan.stop.join(", ")}` : ""}`);
    const start = () => startGeneration(agent, manifest);
    await (shift === "workerByWorker" ? startingWithOne(agent, app, start) : start());
  } else {
    agent.report.step("start", `generation ${generation} runs already`);
    await reloadIfMended(agent, manifest);
  }
}

/**
 * A switch that another one has left behind: it ends here, and the history says so. One whose lease still runs is somebody's
 * work, and only replaced by a rollout, which holds the machine: it has taken over.
 * @throws AgentFailure with exit code 4
 */
async function settleEarlierSwitch(agent: Agent, app: string, { applyId, rollout }: SwitchOptions): Promise<void> {
  const [state, pending] = [await readState(agent, app), await readPending(agent, app)];
  if (pending === undefined) return;
  if (isDecided(state, pending)) return void (await completeConfirm(agent, app, pending, state));
  if (pending.applyId === applyId) return discardPrepared(agent, app);
  if (rollout === undefined && (await viewLease(agent, app)) === "running") throw awaited(app, pending.applyId);
  await discardPrepared(agent, app);
  await remember(agent, app, historyOf("reverted", pending, `replaced by apply ${applyId} before it was confirmed`));
}

function awaited(app: string, applyId: string): AgentFailure {
  return new AgentFailure("switch", `a switch of ${app} (apply ${applyId}) awaits its confirm on this machine`, {
    kept: "everything; nothing was touched",
    next: `Wait until it is confirmed or has gone back by itself; fleethost revert --app ${app} undoes it now.`,
    exitCode: agentExit.busy,
  });
}

async function requireStaged(agent: Agent, manifest: Manifest): Promise<void> {
  const app = manifest.app.name;
  const staged = (await releaseIsThere(agent, manifest)) && (await generationManifest(agent, app, generationOf(manifest))) !== undefined;
  if (staged) return;
  throw new AgentFailure("switch", `generation ${generationOf(manifest)} of ${app} isn't staged on this machine`, {
    kept: "everything; nothing was touched",
    next: "Run fleethost stage with the same manifest first.",
    exitCode: agentExit.usage,
  });
}

/** Undoes, and adds to the failure what the machine runs now. An end that was asked for must not stop the undoing. */
async function undone(agent: Agent, app: string, failure: AgentFailure): Promise<AgentFailure> {
  agent.report.step("undo", failure.message);
  try {
    failure.kept = await goBack({ ...agent, signal: new AbortController().signal }, app, "failed", failure.message);
  } catch (error) {
    failure.kept = `unclear, as going back failed too: ${asFailure(error, "undo").message}. The lease's watcher tries again`;
  }
  return failure;
}
