/** What the supervisor says of itself and its workers. */
import type { SupervisorStatus, WorkerReport } from "../supervisor-report.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { Roster, Worker } from "./roster.ts";
import type { Sizing } from "./sizing.ts";
import type { Tally } from "./tally.ts";

export interface StatusParts {
  readonly pid: number;
  readonly where: string;
  readonly sizing: Sizing;
  readonly state: Lifecycle;
  readonly startedAtMs: number;
  readonly roster: Roster;
  readonly tally: Tally;
  readonly nowMs: number;
  /** Memory of a process in MiB (PSS); null when it can't be read. */
  readonly memoryMiB: (pid: number) => number | null;
}

export function statusOf(parts: StatusParts): SupervisorStatus {
  const { pid, where, sizing, state, roster, tally, nowMs } = parts;
  return {
    schema: 1,
    pid,
    state,
    uptimeMs: nowMs - parts.startedAtMs,
    where,
    cores: sizing.cores,
    sizing: sizing.reason,
    workers: {
      target: sizing.workers,
      wanted: roster.slots.length,
      ready: roster.ready.length,
      pids: roster.ready.map((worker) => worker.pid),
    },
    each: roster.workers.map((worker) => reportOf(worker, parts)),
    restarts: tally.restarts,
    reloads: tally.reloads,
    memoryMiB: parts.memoryMiB(pid),
  };
}

function reportOf(worker: Worker, { nowMs, memoryMiB }: StatusParts): WorkerReport {
  const { slot, pid, state, epoch, startedAtMs, readyAtMs, address, counts, recycling } = worker;
  return {
    slot: slot.number,
    pid,
    state,
    epoch,
    uptimeMs: nowMs - startedAtMs,
    bootMs: readyAtMs === null ? null : readyAtMs - startedAtMs,
    address,
    requests: counts?.requests ?? null,
    active: counts?.active ?? null,
    connections: counts?.connections ?? null,
    memoryMiB: memoryMiB(pid),
    recycling,
  };
}
