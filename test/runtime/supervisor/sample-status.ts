/** A status with everything in it: a slot in mid-reload, a command that counts nothing, a worker about to be recycled. */
import type { SupervisorStatus, WorkerReport } from "../../../runtime/supervisor-report.ts";

export function sampleWorker(given: Partial<WorkerReport> = {}): WorkerReport {
  return {
    slot: 1,
    pid: 101,
    state: "ready",
    epoch: 0,
    uptimeMs: 60_000,
    bootMs: 412,
    address: null,
    requests: 10,
    active: 1,
    connections: 2,
    memoryMiB: 40,
    recycling: null,
    ...given,
  };
}

export function sampleStatus(given: Partial<SupervisorStatus> = {}): SupervisorStatus {
  return {
    schema: 1,
    pid: 100,
    state: "reloading",
    uptimeMs: 61_500,
    where: "http://127.0.0.1:8000",
    cores: 2,
    sizing: "2 cores × 1 per core",
    workers: { target: 2, wanted: 3, ready: 2, pids: [101, 103] },
    each: [
      sampleWorker({ pid: 101, state: "draining", requests: 1000, active: 4, connections: 5, memoryMiB: 50 }),
      sampleWorker({ pid: 104, epoch: 1, uptimeMs: 2_000, bootMs: 500, requests: 7, active: 1, connections: 3, memoryMiB: 30 }),
      sampleWorker({ slot: 2, pid: 103, recycling: "memory", memoryMiB: 200 }),
      sampleWorker({ slot: 3, pid: 105, state: "booting", bootMs: null, requests: null, active: null, connections: null, memoryMiB: null }),
    ],
    restarts: { crashed: 2, memory: 1 },
    reloads: { succeeded: 3, failed: 1 },
    memoryMiB: 41.5,
    ...given,
  };
}
