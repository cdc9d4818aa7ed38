/**
 * The log: the supervisor's own lines on stderr, the workers' on the stream that they wrote them to.
 *
 * Not pino: it would cost the parent 7 MiB, has no priorities for the journal, and there is one line to write every few seconds.
 */
import { fstatSync } from "node:fs";
import { automaticFormat, type Fields, formatOwn, formatWorker, type Level, type LogFormat, type OutputStream } from "./log-format.ts";

export type { Fields, Level, LogFormat, OutputStream } from "./log-format.ts";

export interface Log {
  /** A line of the supervisor's own. @param fields for programs; the text must say it all for people */
  log(level: Level, text: string, fields?: Fields): void;
  /** A line that a worker wrote. */
  workerLine(stream: OutputStream, slot: number, line: string): void;
}

export interface LogSettings {
  /** @default "auto": `journal` when systemd connected stderr to it, else `text` */
  readonly format?: LogFormat | "auto";
  readonly env?: NodeJS.ProcessEnv;
  readonly write?: (stream: OutputStream, text: string) => void;
  readonly now?: () => Date;
}

export function createLog(settings: LogSettings = {}): Log {
  const { env = process.env, write = writeOut, now = () => new Date() } = settings;
  const format = settings.format === undefined || settings.format === "auto" ? formatFor(env) : settings.format;
  const time = (): string => (format === "json" ? now().toISOString() : "");
  return {
    log: (level, text, fields = {}) => write("stderr", formatOwn(format, level, text, fields, time())),
    workerLine: (stream, slot, line) => write(stream, formatWorker(format, stream, slot, line, time())),
  };
}

const formatFor = (env: NodeJS.ProcessEnv): LogFormat => automaticFormat(env.JOURNAL_STREAM, identityOfStderr());

const writeOut = (stream: OutputStream, text: string): void => void process[stream].write(text);

function identityOfStderr(): string | null {
  try {
    const { dev, ino } = fstatSync(2, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    // Closed.
    return null;
  }
}

/** Before the command line is understood, and what was asked for known. */
export const log: Log["log"] = (level, text, fields) => createLog().log(level, text, fields);
