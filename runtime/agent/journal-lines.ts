/** From the journal's entries to the lines of an app's log. Pure. */
import type { LogLine } from "../report.ts";
import * as z from "../zod.ts";
import { unitNames } from "./paths.ts";

/** journalctl's JSON (systemd.journal-fields(7)); a message that isn't UTF-8 comes as numbers. */
const entrySchema = z.object({
  __REALTIME_TIMESTAMP: z.string(),
  __CURSOR: z.optional(z.string()),
  MESSAGE: z.optional(z.union([z.string(), z.array(z.int()), z.null()])),
  _SYSTEMD_UNIT: z.optional(z.string()),
  UNIT: z.optional(z.string()),
});

export interface Entry {
  line: LogLine;
  /** The journal's name for the place of this entry. */
  cursor: string | undefined;
}

/** Undefined for what isn't an entry. */
export function parseEntry(text: string): Entry | undefined {
  const entry = z.safeParse(entrySchema, parseJson(text)).data;
  if (entry === undefined) return undefined;
  const { MESSAGE: message, UNIT: about, _SYSTEMD_UNIT: of } = entry;
  return {
    line: {
      atUs: Number(entry.__REALTIME_TIMESTAMP),
      // systemd's own words about a unit come from its own unit, init.scope.
      unit: about ?? of ?? "",
      message: Array.isArray(message) ? Buffer.from(message).toString("utf8") : (message ?? ""),
    },
    cursor: entry.__CURSOR,
  };
}

/** Caddy tells every question to its admin socket, and we ask there with each status. Its warnings and errors stay. */
export function isNoise({ unit, message }: LogLine): boolean {
  if (unit !== unitNames.caddy || !message.includes('"admin.api"')) return false;
  const said = parseJson(message) as { level?: unknown; logger?: unknown } | undefined;
  return said?.logger === "admin.api" && (said.level === "info" || said.level === "debug");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export interface JournalOptions {
  app: string;
  /** As people give it: "10m", "yesterday". */
  since?: string | undefined;
  follow?: boolean;
  /** Latest first. */
  reverse?: boolean;
  /** Only what came after the entry with this cursor. */
  after?: string | undefined;
}

/**
 * The arguments of the `journalctl` command for an app's units and ours. It looks only once which units a pattern means, and generations
 * come and go: what is followed is everything, to be looked through here.
 */
export function journalArguments({ app, since, follow = false, reverse = false, after }: JournalOptions): string[] {
  const units = [`${app}@*.service`, `${app}-once-*.service`, unitNames.socket(app), unitNames.lease(app), "fleetwright-*.service"];
  return [
    "--output=json",
    "--output-fields=MESSAGE,UNIT,_SYSTEMD_UNIT",
    "--all",
    "--no-pager",
    "--quiet",
    ...(follow ? ["--follow", "--no-tail"] : units.map((unit) => `--unit=${unit}`)),
    ...(reverse ? ["--reverse"] : []),
    ...(since === undefined ? [] : [`--since=${sinceArgument(since)}`]),
    ...(after === undefined ? [] : [`--after-cursor=${after}`]),
  ];
}

/** `10m` and the like as journalctl has it; anything else is journalctl's own ("yesterday", "2026-01-01 10:00"). */
export function sinceArgument(since: string): string {
  return /^\d+(s|m|h|d)$/.test(since) ? `-${since.replace(/m$/, "min")}` : since;
}
