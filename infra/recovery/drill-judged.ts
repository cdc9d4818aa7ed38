/** Whether a drill has passed. Pure. */
import type { DrillRecord } from "./drill-record.ts";
import type { Check } from "./drill-report.ts";
import { type PhaseTime, recoveryTimeMs } from "./phases.ts";
import type { NamedSet } from "./set.ts";

export interface Drilled {
  startedAt: string;
  /** That serve; undefined when it didn't get there. */
  machines: number | undefined;
  times: readonly PhaseTime[];
  checks: readonly Check[];
}

/** @param limitMs it fails above it */
export function recordOf({ startedAt, machines, checks, times }: Drilled, { id, set }: NamedSet, limitMs: number | undefined): DrillRecord {
  const rtoMs = machines === undefined ? null : recoveryTimeMs(times);
  const problem = firstProblem(checks, rtoMs, limitMs);
  return {
    schema: 1,
    project: set.project,
    stack: set.stack,
    startedAt,
    ok: problem === undefined,
    rtoMs,
    machines: machines ?? 0,
    set: id,
    ...(problem === undefined ? {} : { problem }),
    phases: times,
    checks,
  };
}

function firstProblem(checks: readonly Check[], rtoMs: number | null, limitMs: number | undefined): string | undefined {
  const failed = checks.find(({ problem }) => problem !== undefined);
  if (failed !== undefined) return `${failed.what}: ${failed.problem}`;
  if (limitMs === undefined || rtoMs === null || rtoMs <= limitMs) return undefined;
  return `it took ${(rtoMs / 1000).toFixed(1)} s, longer than the ${(limitMs / 1000).toFixed(1)} s of --rto`;
}
