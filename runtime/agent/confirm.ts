/** `fleethost confirm`: from now on a reboot starts the new generation. */
import { rm } from "node:fs/promises";
import { fingerprintOf, generationOf } from "../manifest.ts";
import { requireKept, settleChange } from "./baseline/harden.ts";
import type { Agent } from "./context.ts";
import { fileHashes } from "./expected-files.ts";
import { AgentFailure } from "./failure.ts";
import { namesIn, readIfThere, writeAtomic } from "./files.ts";
import { passCaddyGate, passWorkersGate } from "./gate.ts";
import { disarmLease } from "./lease.ts";
import { pointSocket } from "./machine-files.ts";
import { unitNames } from "./paths.ts";
import { prune } from "./prune.ts";
import { awaitOthersEnd } from "./retire.ts";
import { historyOf, type Pending, readPending, readState, remember, removePending, type State, writeState } from "./records.ts";
import { observe, systemctl } from "./systemd.ts";

export interface ConfirmResult extends Record<string, unknown> {
  generation: string;
  release: string;
  manifestHash: string;
}

/**
 * All of a confirm that may fail or take time, without its effect: the generation is asked once more, and the record that will
 * make it count is put beside its place. A rollout moves that there on all machines at the same moment (`decideCommand` in
 * `infra/rollout/commands.ts`), under the machine's lock; then `confirm` does the rest.
 * @throws AgentFailure when that switch isn't there any more, or its generation is not well
 */
export async function prepareConfirm(agent: Agent, app: string, applyId: string): Promise<ConfirmResult> {
  const found = await findSwitch(agent, app, applyId);
  if ("confirmed" in found) return found.confirmed;
  const { pending, before } = found;
  const state = stateAfter(pending, before, agent.clock.wallTime());
  await awaitOthersEnd(agent, app, state.generation);
  const { running } = await observe(agent, app);
  if (!running.includes(state.generation)) throw notRunning(app, state.generation);
  await passWorkersGate(agent, pending.manifest, { onTrial: before?.generation !== state.generation });
  await passCaddyGate(agent, pending.manifest);
  await requireKept(agent);
  await writeAtomic(preparedPath(agent, app, applyId), `${JSON.stringify(state)}\n`, { mode: 0o600 });
  return resultOf(state);
}

type Found = { pending: Pending; before: State | undefined } | { confirmed: ConfirmResult };

/** @throws AgentFailure when that switch isn't there any more */
async function findSwitch(agent: Agent, app: string, applyId: string): Promise<Found> {
  const before = await readState(agent, app);
  const pending = await readPending(agent, app);
  if (pending?.applyId === applyId) return { pending, before };
  if (before?.applyId === applyId) return { confirmed: resultOf(before) };
  throw nothingToConfirm(app, applyId, before);
}

/** Whether the switch was confirmed already, and only the rest of the confirm is missing. Pure. */
export function isDecided(state: State | undefined, pending: Pending | undefined): boolean {
  return state !== undefined && state.applyId === pending?.applyId && state.manifestHash === fingerprintOf(pending.manifest);
}

/** A prepared confirm is void once its switch is undone or replaced. Under the machine's lock. */
export async function discardPrepared({ paths }: Pick<Agent, "paths">, app: string): Promise<void> {
  const names = await namesIn(paths.record(app, "."));
  for (const name of names.filter((entry) => entry.startsWith(PREPARED))) await rm(paths.record(app, name), { force: true });
}

const PREPARED = "confirm-";
const preparedPath = ({ paths }: Pick<Agent, "paths">, app: string, applyId: string): string =>
  paths.record(app, `${PREPARED}${applyId}.json`);

/**
 * Idempotent: asked again for the apply that was confirmed last, it does nothing.
 * Its decisive step is writing the state: cut short before it, the boot-time converge goes back, after it, forward.
 * @throws AgentFailure when that switch isn't there any more, or its generation doesn't run
 */
export async function confirm(agent: Agent, app: string, applyId: string): Promise<ConfirmResult> {
  const found = await findSwitch(agent, app, applyId);
  if ("confirmed" in found) return found.confirmed;
  const { pending, before } = found;
  const state = stateAfter(pending, before, agent.clock.wallTime());
  if (!isDecided(before, pending)) {
    await awaitOthersEnd(agent, app, state.generation);
    if (!(await observe(agent, app)).running.includes(state.generation)) throw notRunning(app, state.generation);
  }
  return completeConfirm(agent, app, pending, before);
}

/** Enables the generation, writes the state, then clears away what was before: the whole of a confirm, or what is missing of it. */
export async function completeConfirm(agent: Agent, app: string, pending: Pending, before: State | undefined): Promise<ConfirmResult> {
  const state = stateAfter(pending, before, agent.clock.wallTime());
  const observed = await observe(agent, app);
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
  await rememberConfirmed(agent, app, pending);
  await removePending(agent, app);
  await settleChange(agent);
  await discardPrepared(agent, app);
  await disarmLease(agent, app);
  await prune(agent, app, state.previous === null ? [] : [state.previous]);
  await systemctl(agent, "daemon-reload");
  return resultOf(state);
}

/** Called before the pending switch is removed, so that a cut in between can't lose it; told once all the same. */
export async function rememberConfirmed(agent: Agent, app: string, pending: Pending): Promise<void> {
  const last = (await readIfThere(agent.paths.record(app, "history.jsonl")))?.trimEnd().split("\n").at(-1) ?? "";
  if (last.includes('"event":"confirmed"') && last.includes(`"applyId":${JSON.stringify(pending.applyId)}`)) return;
  await remember(agent, app, historyOf("confirmed", pending, "healthy, and confirmed by the rollout"));
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
