/** Whose lines are shipped, and to which stream. Pure. */
import { type Entry, isNoise } from "../agent/journal-lines.ts";
import { generationInUnit, unitNames } from "../agent/paths.ts";
import type { Redact } from "../redact.ts";
import { cutMessage, type LogEvent } from "./batches.ts";

/** `app`: the app's workers and their supervisor, and its steps before a switch. `fleetwright`: the agent's units. */
export type Source = "app" | "caddy" | "fleetwright";

/** Undefined for what isn't the fleet's. */
export function sourceOf(unit: string, app: string): Source | undefined {
  if (unit === unitNames.caddy) return "caddy";
  if (unit === unitNames.lease(app) || /^fleetwright-[a-z-]+\.(service|timer)$/.test(unit)) return "fleetwright";
  const its = unit === unitNames.socket(app) || unit.startsWith(`${app}-once-`) || generationInUnit(app, unit) !== undefined;
  return its ? "app" : undefined;
}

/** What the supervisor puts before a worker's line. Logs Insights finds fields only in a message that is JSON as a whole. */
const SLOT_BEFORE_JSON = /^\[\d+\] (?=\{.*\}$)/s;

/** The messages as they were, but for secrets and a worker's number before JSON. */
export function eventsBySource(entries: readonly Entry[], app: string, redact: Redact): Map<Source, LogEvent[]> {
  const found = new Map<Source, LogEvent[]>();
  for (const { line } of entries) {
    const source = sourceOf(line.unit, app);
    const message = source === undefined || isNoise(line) ? "" : cutMessage(redact(line.message.replace(SLOT_BEFORE_JSON, "")));
    if (source === undefined || message === "") continue;
    const events = found.get(source) ?? [];
    events.push({ timestamp: Math.floor(line.atUs / 1_000), message });
    found.set(source, events);
  }
  return found;
}
