/** Back to the generation that systemd has enabled: after a failed switch, a revert, a lease that ran out. */
import type { Manifest } from "../manifest.ts";
import { undoChange } from "./baseline/harden.ts";
import { applyCaddy } from "./caddy-service.ts";
import { completeConfirm, discardPrepared, isDecided } from "./confirm.ts";
import type { Agent } from "./context.ts";
import { AgentFailure, asFailure } from "./failure.ts";
import { startGeneration } from "./gate.ts";
import { generationManifest } from "./generations.ts";
import { disarmLease } from "./lease.ts";
import { unitNames } from "./paths.ts";
import { endPending, type HistoryEntry, type Pending, readPending, readState, type State } from "./records.ts";
import { shiftWorkers } from "./shift.ts";
import { confirmedGeneration, planBack } from "./switch-plan.ts";
import { observe, systemctl, unitState } from "./systemd.ts";

/**
 * Idempotent. A switch that was confirmed already, but for the rest of the confirm, is not gone back from: the rest is done.
 * What runs is only stopped once the confirmed generation serves: when that can't start, the machine
 * keeps what it has.
 * @returns what the machine runs now, for people
 */
export async function goBack(agent: Agent, app: string, event: HistoryEntry["event"], why: string): Promise<string> {
  const pending = await readPending(agent, app);
  const state = await readState(agent, app);
  if (pending !== undefined && isDecided(state, pending)) return forward(agent, app, pending, state);
  await discardPrepared(agent, app);
  await softenAgain(agent);
  const confirmed = await confirmedManifest(agent, app);
  const plan = planBack(await observe(agent, app), confirmed?.generation);
  if (plan.takeDown && pending === undefined) throw nothingToGoBackTo(app);
  if (plan.start !== undefined && confirmed !== undefined) await startGeneration(agent, confirmed.manifest);
  if (plan.takeDown) await takeDown(agent, app);
  // Before the other one goes, as the confirmed one may listen elsewhere. A Caddy that refuses must not keep what is to go.
  const caddy = confirmed === undefined ? undefined : await applyCaddy(agent, confirmed.manifest).catch(asFailed);
  if (confirmed !== undefined) await bringWorkersBack(agent, confirmed, plan.stop[0]);
  for (const generation of plan.stop) await systemctl(agent, "stop", unitNames.generation(app, generation));
  if (caddy instanceof AgentFailure) throw caddy;
  if (pending !== undefined) await endPending(agent, app, pending, event, why);
  await disarmLease(agent, app);
  if (confirmed === undefined) return "nothing: this machine served nothing before, and serves nothing now";
  return `generation ${confirmed.generation} (release ${confirmed.manifest.app.release.id.slice(0, 12)}) serves as before`;
}

/** Not to be able to must not keep the app from going back; drift will tell. */
async function softenAgain(agent: Agent): Promise<void> {
  try {
    for (const name of await undoChange(agent)) agent.report.step("hardening", `${name} is as before`);
  } catch (error) {
    agent.report.step("hardening", `not as before: ${asFailure(error, "hardening").message}`);
  }
}

async function forward(agent: Agent, app: string, pending: Pending, state: State | undefined): Promise<string> {
  const { generation, release } = await completeConfirm(agent, app, pending, state);
  return `generation ${generation} (release ${release.slice(0, 12)}) serves; it was confirmed already`;
}

/**
 * A switch that went worker by worker has taken some away from the confirmed generation. What can't be brought back now, a restart
 * brings.
 */
async function bringWorkersBack(agent: Agent, { generation, manifest }: Confirmed, from: string | undefined): Promise<void> {
  try {
    await shiftWorkers(agent, manifest, from, generation);
  } catch (error) {
    agent.report.step("shift", `not all workers are back: ${asFailure(error, "shift").message}`);
  }
}

const asFailed = (error: unknown): AgentFailure => asFailure(error, "caddy");

/**
 * Goes back because somebody asks for it.
 * @param applyId the switch to undo: when that isn't the one that awaits a confirm, nothing is done. Without it, whatever is there.
 * @returns what the machine runs now, for people
 */
export async function revert(agent: Agent, app: string, applyId: string | undefined): Promise<string> {
  if (applyId !== undefined && (await readPending(agent, app))?.applyId !== applyId)
    return `what it ran: apply ${applyId} awaits no confirm here`;
  return goBack(agent, app, "reverted", "asked to");
}

/** Without a switch of ours under way, what runs is somebody's own doing: it is not taken down. */
function nothingToGoBackTo(app: string): AgentFailure {
  return new AgentFailure("revert", `no generation of ${app} is confirmed on this machine`, {
    kept: "what runs now",
    next: "See fleethost status for the apps of this machine; a rollout confirms a generation.",
  });
}

export interface Confirmed {
  generation: string;
  manifest: Manifest;
}

/** The confirmed generation and the manifest it was confirmed with, as far as it is known. */
export async function confirmedManifest(agent: Pick<Agent, "paths" | "run">, app: string): Promise<Confirmed | undefined> {
  const [state, pending] = [await readState(agent, app), await readPending(agent, app)];
  // In between, the links are still those of before.
  if (state !== undefined && isDecided(state, pending)) return { generation: state.generation, manifest: state.manifest };
  const { enabled } = await observe(agent, app);
  const generation = confirmedGeneration(enabled, state?.generation);
  if (generation === undefined) return undefined;
  const manifest = state?.generation === generation ? state.manifest : await generationManifest(agent, app, generation);
  return manifest === undefined ? undefined : { generation, manifest };
}

/** The socket first: it would start the service again with the next request. */
async function takeDown(agent: Agent, app: string): Promise<void> {
  for (const unit of [unitNames.socket(app), unitNames.caddy]) {
    // It may not be there yet: the switch may have failed before.
    if ((await unitState(agent, unit)).active !== "inactive") await systemctl(agent, "stop", unit);
  }
}
