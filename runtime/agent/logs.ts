/** `fleethost logs`: an app's journal on this machine, without the secrets that the machine knows. Reads only. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Redact } from "../redact.ts";
import { sourceOf } from "../logs/sources.ts";
import type { LogLine } from "../report.ts";
import { AgentFailure } from "./failure.ts";
import { isNoise, type JournalOptions, journalArguments, parseEntry } from "./journal-lines.ts";

/** Without `since`, so many last lines. */
const LAST_LINES = 100;

export interface LogOptions {
  app: string;
  since?: string;
  lines?: number;
  follow?: boolean;
}

/** Says where one that has to wait is waited for. */
export type Put = (line: LogLine) => Promise<void> | void;

/**
 * Tells the lines, earliest first. What a rotated secret was is unknown once its last generation is gone: such lines are told as
 * they are.
 * @throws AgentFailure when journalctl fails
 */
export async function tellLogs(
  { app, since, lines, follow = false }: LogOptions,
  redact: Redact,
  put: Put,
  signal: AbortSignal,
): Promise<void> {
  const clean = ({ message, ...line }: LogLine): LogLine => ({ ...line, message: redact(message) });
  const tell = async (options: JournalOptions): Promise<void> => {
    for await (const { line } of entries(options, signal)) {
      const foreign = options.follow === true && sourceOf(line.unit, app) === undefined;
      if (!foreign && !isNoise(line)) await put(clean(line));
    }
  };
  if (since !== undefined && lines === undefined) return tell({ app, since, follow });
  const { found, newest } = await lastOf({ app, since }, lines ?? LAST_LINES, signal);
  for (const line of found) await put(clean(line));
  // An empty journal has no place to go on from.
  if (follow) await tell({ app, follow, after: newest, since: newest === undefined ? "now" : undefined });
}

interface Last {
  found: LogLine[];
  newest: string | undefined;
}

/** The last lines that count, and the cursor of the very last entry. */
async function lastOf(options: JournalOptions, lines: number, signal: AbortSignal): Promise<Last> {
  const found: LogLine[] = [];
  let newest: string | undefined;
  for await (const { line, cursor } of entries({ ...options, reverse: true }, signal)) {
    newest ??= cursor;
    if (!isNoise(line)) found.push(line);
    if (found.length === lines) break;
  }
  return { found: found.reverse(), newest };
}

async function* entries(options: JournalOptions, signal: AbortSignal) {
  const child = spawn("journalctl", journalArguments(options), {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, LC_ALL: "C.UTF-8", SYSTEMD_COLORS: "0" },
  });
  const stop = (): void => void child.kill();
  signal.addEventListener("abort", stop);
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-2_000)));
  const closed = new Promise<number | null>((resolve) => {
    child.on("error", (error) => (errors = error.message));
    child.on("close", resolve);
  });
  try {
    for await (const text of createInterface({ input: child.stdout })) {
      const entry = parseEntry(text);
      if (entry !== undefined) yield entry;
    }
    const code = await closed;
    if (code !== 0 && !signal.aborted) throw journalFailed(code, errors);
  } finally {
    signal.removeEventListener("abort", stop);
    stop();
  }
}

function journalFailed(code: number | null, errors: string): AgentFailure {
  const why = errors.trim().split("\n").at(-1) ?? "";
  return new AgentFailure("logs", `journalctl ended with exit code ${code}${why === "" ? "" : `: ${why}`}`, {
    next: "Times are as journalctl takes them: systemd.time(7).",
  });
}
