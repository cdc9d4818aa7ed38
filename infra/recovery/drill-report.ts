/** What a drill came to, for people and for the next one. Pure. */
import type { DrillRecord } from "./drill-record.ts";
import { phaseLines, type PhaseTime } from "./phases.ts";

export interface DrillEnd {
  record: DrillRecord;
  times: readonly PhaseTime[];
  /** Everything that was verified, a line each. */
  checks: readonly Check[];
  /** Earlier drills of the stack, newest first. */
  earlier: readonly DrillRecord[];
  limitMs: number | undefined;
}

export interface Check {
  what: string;
  /** Undefined when it is as it should be. */
  problem: string | undefined;
}

export function reportLines({ record, times, checks, earlier, limitMs }: DrillEnd): string[] {
  return [
    `Drill of ${record.project}/${record.stack}, ${record.startedAt}, from set ${record.set}, ${record.machines} machines of its own:`,
    ...phaseLines(times),
    ...checks.map(({ what, problem }) => (problem === undefined ? `  ok      ${what}` : `  FAILED  ${what}: ${problem}`)),
    ...trendLines(record, earlier),
    verdict(record, limitMs),
  ];
}

function verdict({ ok, rtoMs, problem }: DrillRecord, limitMs: number | undefined): string {
  const limit = limitMs === undefined ? "" : `, of ${seconds(limitMs)} allowed`;
  if (ok) return `DRILL PASSED: from nothing to verified HTTPS in ${seconds(rtoMs ?? 0)}${limit}.`;
  return `DRILL FAILED${rtoMs === null ? "" : ` (${seconds(rtoMs)}${limit})`}: ${problem ?? "see above"}`;
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

const TREND = 8;

/** The newest last, as one reads; with a bar against the slowest. */
function trendLines(record: DrillRecord, earlier: readonly DrillRecord[]): string[] {
  const all = [record, ...earlier].slice(0, TREND).toReversed();
  if (all.length < 2) return ["  trend   this is the first drill in the store"];
  const slowest = Math.max(...all.map(({ rtoMs }) => rtoMs ?? 0), 1);
  return ["  trend", ...all.map((drill) => `    ${trendLine(drill, slowest)}`)];
}

function trendLine({ startedAt, ok, rtoMs, machines }: DrillRecord, slowestMs: number): string {
  const bar = "#".repeat(Math.round(((rtoMs ?? 0) / slowestMs) * 30));
  const time = rtoMs === null ? "-" : seconds(rtoMs);
  const cells = [startedAt.slice(0, 16), `${String(machines).padStart(2)} machines`, time.padStart(8), ok ? bar : `${bar} failed`];
  return cells.join("  ").trimEnd();
}

/** Reads `60s`, `5m`, `90` (seconds); undefined for anything else. */
export function durationMs(text: string): number | undefined {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s|m)?$/.exec(text) ?? [];
  if (number === undefined) return undefined;
  return Number(number) * { ms: 1, s: 1_000, m: 60_000 }[(unit ?? "s") as "ms" | "s" | "m"];
}
