/**
 * What is known of a release's steps on this machine. A rollout writes an attempt's start on every machine before it begins, and
 * its end after it: any machine that is left can tell.
 */
import { mkdir, open, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { type OnceEntry, onceEntrySchema } from "../once.ts";
import type { Agent } from "./context.ts";
import { readIfThere } from "./files.ts";
import { unitNames } from "./paths.ts";
import { type UnitState, unitState } from "./systemd.ts";

/** How an attempt ended. */
export type End = "done" | "failed" | "died";

export const isEnd = (state: OnceEntry["state"]): state is End => state === "done" || state === "failed" || state === "died";

/** Appends to the record. On disk when this returns. */
export async function noteOnce({ paths, clock }: Agent, app: string, entry: OnceEntry): Promise<void> {
  const path = paths.record(app, "once.jsonl");
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  const file = await open(path, "a", 0o644);
  try {
    await file.appendFile(`${JSON.stringify({ at: clock.wallTime(), ...entry })}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
}

/**
 * What is known of each attempt for a release. One that began on this machine, and whose end nobody wrote down, is looked into.
 * @param machine this machine's name
 */
export async function onceRecords(agent: Agent, app: string, release: string, machine: string): Promise<OnceEntry[]> {
  const text = (await readIfThere(agent.paths.record(app, "once.jsonl"))) ?? "";
  const entries = lastWords(parseRecords(text).filter((entry) => entry.release === release));
  return Promise.all(entries.map((entry) => (entry.state === "started" && entry.on === machine ? look(agent, app, entry) : entry)));
}

/** One entry an attempt. Of several ends the first: whoever wrote it saw the unit, which is cleared away after that. Pure. */
function lastWords(entries: readonly OnceEntry[]): OnceEntry[] {
  const words = new Map<string, OnceEntry>();
  for (const entry of entries) {
    const known = words.get(entry.attempt);
    if (known === undefined || !isEnd(known.state)) words.set(entry.attempt, entry);
  }
  return [...words.values()];
}

/** How an attempt ended, if that is on file. */
export async function writtenEnd({ paths }: Pick<Agent, "paths">, app: string, attempt: string): Promise<End | undefined> {
  const text = (await readIfThere(paths.record(app, "once.jsonl"))) ?? "";
  const [word] = lastWords(parseRecords(text).filter((entry) => entry.attempt === attempt));
  return word !== undefined && isEnd(word.state) ? word.state : undefined;
}

/** A line that a power cut left half-written says nothing. Pure. */
export function parseRecords(text: string): OnceEntry[] {
  return text.split("\n").flatMap((line) => {
    try {
      return onceEntrySchema.safeParse(JSON.parse(line)).data ?? [];
    } catch {
      return [];
    }
  });
}

async function look(agent: Agent, app: string, entry: OnceEntry): Promise<OnceEntry> {
  const unit = await unitState(agent, unitNames.once(app, entry.release, entry.step));
  if (["activating", "active", "deactivating"].includes(unit.active)) return { ...entry, state: "running" };
  const seen = (await markerIsThere(agent, app, entry)) ? "done" : unit.active === "failed" ? judgeEnd(unit) : "died";
  // An agent that waits for it may have written its end down and cleared away what is looked at here, just now.
  return { ...entry, state: (await writtenEnd(agent, app, entry.attempt)) ?? seen };
}

/** Whether it is known how far it came: only if it ended by itself. Pure. */
export function judgeEnd({ result }: Pick<UnitState, "result">): "failed" | "died" {
  return result === "exit-code" ? "failed" : "died";
}

/** A step of the app that runs on this machine just now, of whatever release. */
export async function runningStep(agent: Agent, app: string, machine: string): Promise<OnceEntry | undefined> {
  const text = (await readIfThere(agent.paths.record(app, "once.jsonl"))) ?? "";
  const releases = new Set(parseRecords(text).map(({ release }) => release));
  const known = await Promise.all([...releases].map((release) => onceRecords(agent, app, release, machine)));
  return known.flat().find(({ state, on }) => state === "running" && on === machine);
}

/** Made by systemd at the end of an attempt that succeeded. */
export const markerOf = ({ paths }: Pick<Agent, "paths">, app: string, attempt: string): string =>
  paths.record(app, `once-${attempt}.done`);

async function markerIsThere(agent: Pick<Agent, "paths">, app: string, { attempt }: OnceEntry): Promise<boolean> {
  return stat(markerOf(agent, app, attempt)).then(
    () => true,
    () => false,
  );
}
