/**
 * What is known of a release's steps on this machine. A rollout writes an attempt's start on every machine before it begins, and
 * its end after it: any machine that is left can tell.
 */
import { mkdir, open, stat } from "node:fs/promises";
import { dirname } from "node:path";
import * as z from "../zod.ts";
import type { Agent } from "./context.ts";
import { readIfThere } from "./files.ts";
import { unitNames } from "./paths.ts";
import { type UnitState, unitState } from "./systemd.ts";

export const onceEntrySchema = z.object({
  /** Names this run of the step, on all machines. */
  attempt: z.string(),
  release: z.string(),
  step: z.string(),
  /**
   * `failed`: it ended by itself, with another exit code than 0. `died`: killed, by its timeout for one, or gone with its machine;
   * nobody knows how far it came. `running`: found so just now; never on file.
   */
  state: z.enum(["started", "running", "done", "failed", "died"]),
  /** The machine it ran on. */
  on: z.string(),
});
export type OnceEntry = z.infer<typeof onceEntrySchema>;

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
 * The last word on each attempt for a release. One that began on this machine, and whose end nobody wrote down, is looked into.
 * @param machine this machine's name
 */
export async function onceRecords(agent: Agent, app: string, release: string, machine: string): Promise<OnceEntry[]> {
  const text = (await readIfThere(agent.paths.record(app, "once.jsonl"))) ?? "";
  const entries = parseRecords(text).filter((entry) => entry.release === release);
  const last = new Map(entries.map((entry) => [entry.attempt, entry]));
  const known = (entry: OnceEntry) => (entry.state === "started" && entry.on === machine ? look(agent, app, entry) : entry);
  return Promise.all([...last.values()].map(known));
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
  if (await markerIsThere(agent, app, entry)) return { ...entry, state: "done" };
  return { ...entry, state: unit.active === "failed" ? judgeEnd(unit) : "died" };
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
