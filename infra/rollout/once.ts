/** Whether a step has to run, by what the machines know of it. Pure; `steps.ts` has the effects. */
import type { OnceStep } from "../../runtime/manifest.ts";
import type { OnceEntry } from "../../runtime/once.ts";

export type OnceVerdict =
  | { kind: "run" }
  | { kind: "skip"; on: string }
  /** It runs just now, begun by a rollout that is gone: it is waited for. */
  | { kind: "join"; on: string; attempt: string }
  /** Nobody knows how far it came. */
  | { kind: "stuck"; on: string };

/** Who knows more of an attempt: its own machine looked, others may have heard of its start only. */
const knowledge: OnceEntry["state"][] = ["started", "died", "running", "failed", "done"];

/**
 * Done anywhere at any time: skipped. An attempt with an unknown end (its machine died, or is gone, or it was killed) stops the
 * rollout, unless a later word is known or it may be repeated. One that failed by itself is run again.
 * @param entries of all machines, for this release
 * @param repeat the operator says that it may be repeated
 */
export function judgeOnce(step: Pick<OnceStep, "name" | "repeatable">, entries: readonly OnceEntry[], repeat: boolean): OnceVerdict {
  const attempts = new Map<string, OnceEntry>();
  for (const entry of entries.filter((candidate) => candidate.step === step.name)) {
    const known = attempts.get(entry.attempt);
    if (known === undefined || knowledge.indexOf(entry.state) > knowledge.indexOf(known.state)) attempts.set(entry.attempt, entry);
  }
  const all = [...attempts.values()];
  const find = (...states: OnceEntry["state"][]): OnceEntry | undefined => all.find(({ state }) => states.includes(state));
  const done = find("done");
  if (done !== undefined) return { kind: "skip", on: done.on };
  const running = find("running");
  if (running !== undefined) return { kind: "join", on: running.on, attempt: running.attempt };
  const unclear = find("died", "started");
  return unclear === undefined || step.repeatable || repeat ? { kind: "run" } : { kind: "stuck", on: unclear.on };
}
