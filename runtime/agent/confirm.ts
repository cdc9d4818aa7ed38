/** `fleethost confirm`: from now on a reboot starts the new generation. */
import { fingerprintOf, generationOf } from "../manifest.ts";
import type { Agent } from "./context.ts";
import { fileHashes } from "./expected-files.ts";
import { AgentFailure } from "./failure.ts";
import { disarmLease } from "./lease.ts";
import { pointSocket } from "./machine-files.ts";
import { unitNames } from "./paths.ts";
import { prune } from "./prune.ts";
import { historyOf, type Pending, readPending, readState, remember, removePending, type State, writeState } from "./records.ts";
import { observe, systemctl } from "./systemd.ts";

export interface ConfirmResult extends Record<string, unknown> {
  generation: string;
  release: string;
  manifestHash: string;
}

/**
 * Idempotent: asked again for the apply that was confirmed last, it does nothing.
 * Its decisive step is writing the state: cut short before it, the boot-time converge goes back, after it, forward.
 * @throws AgentFailure when that switch isn't there any more, or its generation doesn't run
 */
export async function confirm(agent: Agent, app: string, applyId: string): Promise<ConfirmResult> {
  const before = await readState(agent, app);
  const pending = await readPending(agent, app);
  if (pending?.applyId !== applyId) {
    if (before?.applyId === applyId) return resultOf(before);
    throw nothingToConfirm(app, applyId, before);
  }
  const state = stateAfter(pending, before, agent.clock.wallTime());
  const observed = await observe(agent, app);
  if (!observed.running.includes(state.generation)) throw notRunning(app, state.generation);
  await systemctl(
    agent,
    "enable",
    "--no-reload",
    "--quiet",
    unitNames.generation(app, state.generation),
    unitNames.socket(app),
    unitNames.caddy,
  );
  await pointSocket(agent, app, state.generation);
  await writeState(agent, { ...state, files: await fileHashes(agent, pending.manifest) });
  const others = observed.enabled.filter((generation) => generation !== state.generation);
  if (others.length > 0)
    await systemctl(agent, "disable", "--no-reload", "--quiet", ...others.map((generation) => unitNames.generation(app, generation)));
  await removePending(agent, app);
  await disarmLease(agent, app);
  if (before?.applyId !== applyId) await remember(agent, app, historyOf("confirmed", pending, "healthy, and confirmed by the rollout"));
  await prune(agent, app, state.previous === null ? [] : [state.previous]);
  await systemctl(agent, "daemon-reload");
  return resultOf(state);
}

function stateAfter({ applyId, manifest, rollbackFrom, by = "" }: Pending, before: State | undefined, at: string): State {
  const generation = generationOf(manifest);
  const previous = before === undefined ? null : before.generation === generation ? before.previous : before.generation;
  return {
    schema: 1,
    applyId,
    manifestHash: fingerprintOf(manifest),
    generation,
    release: manifest.app.release.id,
    previous,
    manifest,
    ...(rollbackFrom === undefined ? {} : { rolledBack: { from: rollbackFrom, at, by } }),
  };
}

function resultOf({ generation, release, manifestHash }: State): ConfirmResult {
  return { generation, release, manifestHash };
}

function nothingToConfirm(app: string, applyId: string, before: State | undefined): AgentFailure {
  return new AgentFailure("confirm", `apply ${applyId} of ${app} does not await a confirm on this machine`, {
    kept: before === undefined ? "nothing was ever confirmed" : `generation ${before.generation}, confirmed by apply ${before.applyId}`,
    next: "Its lease ran out, or another change came between: run the rollout again.",
  });
}

function notRunning(app: string, generation: string): AgentFailure {
  return new AgentFailure("confirm", `generation ${generation} of ${app} doesn't run`, {
    kept: "what a reboot would start is as before",
    next: `See journalctl -u ${unitNames.generation(app, generation)}; fleethost revert --app ${app} goes back.`,
  });
}
