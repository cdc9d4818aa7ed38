/**
 * What the agent writes down about an app: the confirmed manifest, a switch under way, and the history.
 * These are claims; what systemd has enabled and running is the truth they are checked against.
 */
import { appendFile, mkdir, rm } from "node:fs/promises";
import { dirname } from "node:path";
import * as z from "../zod.ts";
import { generationOf, manifestSchema } from "../manifest.ts";
import { type HistoryLine, historyLineSchema, rolledBackSchema } from "../report.ts";
import type { Agent } from "./context.ts";
import { namesIn, readIfThere, writeAtomic } from "./files.ts";
import type { Paths } from "./paths.ts";

const stateSchema = z.object({
  schema: z.literal(1),
  applyId: z.string(),
  manifestHash: z.string(),
  generation: z.string(),
  release: z.string(),
  /** The generation that was confirmed before this one. */
  previous: z.nullable(z.string()),
  manifest: manifestSchema,
  /** Set while the confirmed release is there because somebody went back to it. */
  rolledBack: z.optional(rolledBackSchema),
  /** sha256 of every file around the generation, by path, as of the confirm: what drift is told by. */
  files: z.optional(z.record(z.string(), z.string())),
});
/** The last confirmed apply. */
export type State = z.infer<typeof stateSchema>;

const pendingSchema = z.object({
  schema: z.literal(1),
  applyId: z.string(),
  manifest: manifestSchema,
  /** The boot it began in: after another one it is over. */
  bootId: z.string(),
  /** The operator, as `user@computer`. */
  by: z.optional(z.string()),
  /** With a rollback: the release that it leaves. */
  rollbackFrom: z.optional(z.string()),
});
/** A switch that isn't confirmed. */
export type Pending = z.infer<typeof pendingSchema>;

/** What is given for a line of the history; when it was is added. */
export type HistoryEntry = Omit<HistoryLine, "at" | "by"> & { by?: string | undefined };

/** Who asked for a switch, and why it is one back. */
export type Asked = Pick<Pending, "by" | "rollbackFrom">;

const FILES = {
  state: "state.json",
  pending: "pending.json",
  history: "history.jsonl",
} as const;

/** Apps that something was written down about. */
export async function recordedApps(paths: Paths): Promise<string[]> {
  const names = await namesIn(paths.records);
  const known = await Promise.all(names.map(async (app) => (await anyRecord(paths, app)) !== undefined));
  return names.filter((_, index) => known[index]);
}

async function anyRecord(paths: Paths, app: string): Promise<string | undefined> {
  return (await readIfThere(paths.record(app, FILES.state))) ?? (await readIfThere(paths.record(app, FILES.pending)));
}

export const readState = ({ paths }: Pick<Agent, "paths">, app: string) => read(paths.record(app, FILES.state), stateSchema);
export const readPending = ({ paths }: Pick<Agent, "paths">, app: string) => read(paths.record(app, FILES.pending), pendingSchema);

/** A damaged record counts as none: the machine is then judged by what runs on it. */
async function read<T>(path: string, schema: z.ZodMiniType<T>): Promise<T | undefined> {
  const text = await readIfThere(path);
  if (text === undefined) return undefined;
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

// Both hold the environment: for root only.
export const writeState = ({ paths }: Agent, state: State) =>
  writeAtomic(paths.record(state.manifest.app.name, FILES.state), `${JSON.stringify(state)}\n`, { mode: 0o600 });

export async function writePending(
  { paths, clock }: Agent,
  applyId: string,
  manifest: Pending["manifest"],
  asked: Asked = {},
): Promise<void> {
  const pending: Pending = {
    schema: 1,
    applyId,
    manifest,
    bootId: await clock.bootId(),
    ...asked,
  };
  await writeAtomic(paths.record(manifest.app.name, FILES.pending), `${JSON.stringify(pending)}\n`, { mode: 0o600 });
}

export const removePending = ({ paths }: Pick<Agent, "paths">, app: string) => rm(paths.record(app, FILES.pending), { force: true });

/**
 * A switch that ended without a confirm. Told before its record goes, so that a cut in between can't lose it; a disk that is full
 * keeps it from being told, not from ending.
 */
export async function endPending(agent: Agent, app: string, pending: Pending, event: HistoryEntry["event"], why: string): Promise<void> {
  try {
    await remember(agent, app, historyOf(event, pending, why));
  } catch (error) {
    agent.report.step("history", `this couldn't be written down (${(error as Error).message}): ${event}: ${why}`);
  }
  await removePending(agent, app);
}

/** Appends a line to the app's history. On disk when this returns. */
export async function remember({ paths, clock }: Pick<Agent, "paths" | "clock">, app: string, entry: HistoryEntry): Promise<void> {
  const path = paths.record(app, FILES.history);
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  const by = entry.by ?? process.env.SUDO_USER ?? process.env.USER ?? "system";
  // After a line that a power cut left half-written, or this one would be lost with it.
  const before = (await readIfThere(path)) ?? "";
  const start = before === "" || before.endsWith("\n") ? "" : "\n";
  await appendFile(path, `${start}${JSON.stringify({ at: clock.wallTime(), ...entry, by })}\n`, { mode: 0o644, flush: true });
}

/** The app's history, oldest first. Lines that a power cut left half-written are left out. */
export async function readHistory({ paths }: Pick<Agent, "paths">, app: string): Promise<HistoryLine[]> {
  const lines = ((await readIfThere(paths.record(app, FILES.history))) ?? "").split("\n").filter((line) => line !== "");
  return lines.flatMap((line) => {
    try {
      return [historyLineSchema.safeParse(JSON.parse(line)).data].filter((entry) => entry !== undefined);
    } catch {
      return [];
    }
  });
}

/** The history's entry for a switch that ended. */
export function historyOf(
  event: HistoryEntry["event"],
  { applyId, manifest, by, rollbackFrom }: Pick<Pending, "applyId" | "manifest"> & Asked,
  why: string,
): HistoryEntry {
  return {
    ...(by === undefined ? {} : { by }),
    ...(rollbackFrom === undefined ? {} : { rollbackFrom }),
    event,
    applyId,
    generation: generationOf(manifest),
    release: manifest.app.release.id,
    why,
  };
}
