/**
 * Makes the machine's baseline what its manifest says, on trial where that could keep the operator out: unless a new login says
 * that it came through, a timer puts back what was there. What was replaced is kept until the rollout's confirm.
 */
import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import type { Manifest } from "../../manifest.ts";
import type { Agent } from "../context.ts";
import { AgentFailure, asFailure } from "../failure.ts";
import { readIfThere, writeIfChanged } from "../files.ts";
import type { BaselineFile, BaselinePart, Moment, Sight } from "./part.ts";
import { baselineParts } from "./parts.ts";
import { type BaselineChange, readChange, removeChange, writeChange } from "./record.ts";
import { sshdPorts } from "./sshd.ts";
import { startUndoTimer, stopUndoTimer } from "./undo-timer.ts";

/** A part that isn't as wanted. */
interface Difference {
  part: BaselinePart;
  on: boolean;
  /** Text by path, undefined where the file shall go. */
  wanted: Map<BaselineFile, string | undefined>;
}

/** Names of the parts that `harden` would change. Reads only. */
export async function unhardened(agent: Agent, manifest: Manifest): Promise<string[]> {
  return (await differences(agent, manifest)).map(({ part }) => part.name);
}

export interface HardenResult extends Record<string, unknown> {
  changed: string[];
  /** Names the trial; null where none is needed. */
  trial: string | null;
}

/**
 * Idempotent. The machine's lock is held.
 * @param trialMs how long a new login may take; undefined where nobody is there to log in
 * @throws AgentFailure after everything was put back
 */
export async function harden(agent: Agent, manifest: Manifest, trialMs: number | undefined): Promise<HardenResult> {
  const found = await differences(agent, manifest);
  if (found.length === 0) return { changed: [], trial: null };
  const risky = trialMs !== undefined && found.some(({ part, on }) => part.mayLockOut && on);
  const change = await begin(agent, found, risky ? "trial" : "kept");
  if (risky) await startUndoTimer(agent, change.trial, trialMs);
  try {
    for (const difference of found) await apply(agent, difference);
  } catch (error) {
    await undoChange(agent);
    throw asFailure(error, "hardening");
  }
  return { changed: found.map(({ part }) => part.name), trial: risky ? change.trial : null };
}

/** Ends a trial, once a new login has left its mark. @throws AgentFailure when there is none, or the trial is over already */
export async function keepChange(agent: Agent, trial: string): Promise<void> {
  const change = await readChange(agent);
  if (change?.trial !== trial || !(await cameThrough(agent, trial))) {
    throw new AgentFailure("hardening", "the new firewall or SSH settings have gone back by themselves, or are about to", {
      next: "No new login came through in time. See that one does, or turn the key off, then run the same again.",
    });
  }
  await writeChange(agent, { ...change, state: "kept" });
  await stopUndoTimer(agent);
  await rm(agent.paths.baselineKnock(trial), { force: true });
}

const cameThrough = async ({ paths }: Pick<Agent, "paths">, trial: string): Promise<boolean> =>
  (await readIfThere(paths.baselineKnock(trial))) !== undefined;

/** What the timer does: nothing where a login came through, or the trial is another one. */
export async function endTrial(agent: Agent, trial: string): Promise<string[]> {
  const change = await readChange(agent);
  const lost = change?.state === "trial" && change.trial === trial && !(await cameThrough(agent, trial));
  return lost ? undoChange(agent) : [];
}

/** Puts back what was there before. Idempotent. @returns the names of the parts */
export async function undoChange(agent: Agent, moment: Moment = "now"): Promise<string[]> {
  const change = await readChange(agent);
  if (change === undefined) return [];
  const undone: string[] = [];
  for (const part of [...baselineParts].reverse()) {
    const files = part.files(agent.paths).filter(({ path }) => path in change.before);
    if (files.length === 0) continue;
    for (const file of files) await put(file, change.before[file.path] ?? undefined);
    await part.activate(
      agent,
      files.some(({ path }) => typeof change.before[path] === "string"),
      moment,
    );
    undone.push(part.name);
  }
  await removeChange(agent);
  if (moment === "now") await stopUndoTimer(agent);
  return undone;
}

/** @throws AgentFailure while the baseline is on trial */
export async function requireKept(agent: Pick<Agent, "paths">): Promise<void> {
  if ((await readChange(agent))?.state !== "trial") return;
  throw new AgentFailure("hardening", "the machine's new firewall or SSH settings are still on trial", {
    next: "They go back by themselves unless a new login comes through: run the rollout again.",
  });
}

/** After the confirm there is nothing to go back to. A trial that nobody ended still goes back by itself. */
export async function settleChange(agent: Agent): Promise<void> {
  if ((await readChange(agent))?.state === "kept") await removeChange(agent);
}

/** Takes all of it away, for a machine that leaves. */
export async function removeBaseline(agent: Agent): Promise<void> {
  for (const part of baselineParts) {
    const files = part.files(agent.paths);
    const there = await Promise.all(files.map(({ path }) => readIfThere(path)));
    if (there.every((text) => text === undefined)) continue;
    agent.report.step("hardening", `${part.name} is taken away`);
    await apply(agent, { part, on: false, wanted: new Map(files.map((file) => [file, undefined])) });
  }
  await removeChange(agent);
}

/** Also what is left of an earlier change that wasn't confirmed: the oldest is what counts. */
async function begin(agent: Agent, found: readonly Difference[], state: BaselineChange["state"]): Promise<BaselineChange> {
  const earlier = await readChange(agent);
  const files = found.flatMap(({ wanted }) => [...wanted.keys()]);
  const texts = await Promise.all(files.map(async ({ path }) => [path, (await readIfThere(path)) ?? null] as const));
  const before = { ...Object.fromEntries(texts), ...earlier?.before };
  const change: BaselineChange = { schema: 1, state, trial: randomUUID(), bootId: await agent.clock.bootId(), before };
  await writeChange(agent, change);
  return change;
}

async function apply(agent: Agent, { part, on, wanted }: Difference): Promise<void> {
  for (const [file, text] of wanted) await put(file, text);
  await part.activate(agent, on, "now");
}

async function put({ path, mode }: BaselineFile, text: string | undefined): Promise<void> {
  if (text === undefined) await rm(path, { force: true });
  else await writeIfChanged(path, text, { mode });
}

async function differences(agent: Agent, manifest: Manifest): Promise<Difference[]> {
  const sight: Sight = { sshPorts: baselineParts.some((part) => part.asked(manifest)) ? await sshdPorts(agent) : [] };
  const all = await Promise.all(baselineParts.map((part) => differenceOf(agent, part, manifest, sight)));
  return all.filter((difference) => difference !== undefined);
}

async function differenceOf(agent: Agent, part: BaselinePart, manifest: Manifest, sight: Sight): Promise<Difference | undefined> {
  const on = part.asked(manifest);
  const files = part.files(agent.paths);
  const wanted = new Map(files.map((file) => [file, on ? file.text(manifest, sight) : undefined]));
  const now = await Promise.all(files.map(({ path }) => readIfThere(path)));
  const same = files.every((file, index) => now[index] === wanted.get(file));
  return same && (!on || (await part.lacks(agent)).length === 0) ? undefined : { part, on, wanted };
}
