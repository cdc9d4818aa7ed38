/** What a line of the log looks like, for people, for the journal and for a collector. Pure. */

export type Level = "info" | "warning" | "error";

export const logFormats = ["text", "journal", "json"] as const;
export type LogFormat = (typeof logFormats)[number];

/** What a line is about, for programs; the text says it for people. Undefined ones are left out. */
export type Fields = Readonly<Record<string, string | number | boolean | null | undefined>> & {
  readonly time?: never;
  readonly level?: never;
  readonly msg?: never;
};

export type OutputStream = "stdout" | "stderr";

/** sd-daemon(3): the kernel's priorities. journalctl shows errors in red, warnings and notices in bold. */
const PRIORITY = { error: 3, warning: 4, notice: 5, info: 6 } as const;
/** What a worker wrote itself in front of a line, as sd-daemon(3) has it. */
const OWN_PRIORITY = /^<([0-7])>/;

/**
 * A line of the supervisor's own, with its end of line.
 * @param text may have several lines
 * @param time RFC 3339
 */
export function formatOwn(format: LogFormat, level: Level, text: string, fields: Fields, time: string): string {
  switch (format) {
    case "text":
      return `${`${level.toUpperCase()}:`.padEnd(9)} ${text}\n`;
    case "json":
      return `${JSON.stringify({ time, level, msg: text, ...fields })}\n`;
    case "journal":
      return journalLines(level, text, fields);
  }
}

/** A line that a worker wrote, with its end of line. */
export function formatWorker(format: LogFormat, stream: OutputStream, slot: number, line: string, time: string): string {
  switch (format) {
    case "text":
      return `[${slot}] ${line}\n`;
    case "json":
      return `${JSON.stringify({ time, stream, slot, msg: line })}\n`;
    case "journal": {
      // Notice, not warning: uvicorn and others write all that they have to say to stderr.
      const priority = OWN_PRIORITY.exec(line)?.[1] ?? PRIORITY[stream === "stdout" ? "info" : "notice"];
      return `<${priority}>[${slot}] ${line.replace(OWN_PRIORITY, "")}\n`;
    }
  }
}

/** For journald each line is a message of its own, and wants its own priority. The first has the fields: it is the sentence. */
function journalLines(level: Level, text: string, fields: Fields): string {
  const [first, ...rest] = text.split("\n");
  return [[first, ...logfmt(fields)].join(" "), ...rest].map((line) => `<${PRIORITY[level]}>${line}\n`).join("");
}

function logfmt(fields: Fields): string[] {
  return Object.entries(fields).flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${quoted(String(value))}`]));
}

function quoted(value: string): string {
  return /^[^\s"=\\\p{Cc}]+$/u.test(value) ? value : JSON.stringify(value);
}

/**
 * The format that `auto` stands for.
 * @param journalStream `JOURNAL_STREAM`: systemd.exec(5) has the device and inode of what it connected stderr to
 * @param stderr device and inode of this process's stderr; they differ when it was redirected since
 */
export function automaticFormat(journalStream: string | undefined, stderr: string | null): LogFormat {
  return journalStream !== undefined && journalStream === stderr ? "journal" : "text";
}
