/** From a machine's journal to a line for people. Pure. */
import { z } from "zod";

/** journalctl's JSON (systemd.journal-fields(7)); a message that isn't UTF-8 comes as numbers. */
const entrySchema = z.object({
  __REALTIME_TIMESTAMP: z.string(),
  MESSAGE: z.union([z.string(), z.array(z.int()), z.null()]).optional(),
  _SYSTEMD_UNIT: z.string().optional(),
  UNIT: z.string().optional(),
});

export interface LogLine {
  /** Microseconds since 1970, by the machine's clock. */
  atUs: number;
  /** Of ours, shortened. */
  unit: string;
  message: string;
}

/** Undefined for what isn't an entry. */
export function parseEntry(text: string): LogLine | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const entry = entrySchema.safeParse(value).data;
  if (entry === undefined) return undefined;
  const { MESSAGE: message = "", UNIT: about, _SYSTEMD_UNIT: of } = entry;
  return {
    atUs: Number(entry.__REALTIME_TIMESTAMP),
    // systemd's own words about a unit come from its own unit, init.scope.
    unit: shortUnit(about ?? of ?? ""),
    message: Array.isArray(message) ? Buffer.from(message).toString("utf8") : (message ?? ""),
  };
}

/** "shop@0123456789abcdef.service" as "shop@01234567", "fleetwright-caddy.service" as "caddy". */
export function shortUnit(unit: string): string {
  return unit
    .replace(/^fleetwright-/, "")
    .replace(/\.service$/, "")
    .replace(/@([0-9a-f]{8})[0-9a-f]+$/, "@$1");
}

/** `web-1  2026-01-01T00:00:00.000Z  shop@01234567  Hello`; further lines of one message are indented. */
export function logText(machine: string, width: number, { atUs, unit, message }: LogLine): string {
  const head = `${machine.padEnd(width)}  ${new Date(atUs / 1000).toISOString()}  ${unit}  `;
  return `${head}${message.trimEnd().replaceAll("\n", `\n${" ".repeat(width + 2)}`)}\n`;
}

/** `10m` and the like as journalctl has it; anything else is journalctl's own ("yesterday", "2026-01-01 10:00"). */
export function sinceArgument(since: string): string {
  return /^\d+(s|m|h|d)$/.test(since) ? `-${since.replace(/m$/, "min")}` : since;
}

export interface JournalOptions {
  app: string;
  follow: boolean;
  since?: string | undefined;
  lines?: number | undefined;
}

/** Without `--since`, so many of each machine's last lines. */
const LAST_LINES = 100;

/** The words of the `journalctl` command for one machine. */
export function journalWords({ app, follow, since, lines }: JournalOptions): string[] {
  const units = [`${app}@*.service`, `${app}.socket`, `${app}-lease.service`, "fleetwright-*.service"];
  const count = lines ?? (since === undefined ? LAST_LINES : undefined);
  return [
    "journalctl",
    "--output=json",
    "--output-fields=MESSAGE,UNIT,_SYSTEMD_UNIT",
    "--all",
    "--no-pager",
    ...units.map((unit) => `--unit=${unit}`),
    ...(follow ? ["--follow"] : []),
    ...(since === undefined ? [] : [`--since=${sinceArgument(since)}`]),
    ...(count === undefined ? (follow ? ["--no-tail"] : []) : [`--lines=${count}`]),
  ];
}
