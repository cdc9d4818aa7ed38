/** Sample values for unit tests: complete and valid, with what a test is about changed. */
import type { MachineStatus } from "../../infra/cli/table.ts";
import type { Observation } from "../../infra/rollout/observation.ts";
import { fingerprintOf, generationOf, type Manifest } from "../../runtime/manifest.ts";
import type { AppStatus } from "../../runtime/report.ts";
import type { SupervisorStatus, WorkerReport } from "../../runtime/supervisor-report.ts";

export function manifest(changed: Partial<Manifest> = {}): Manifest {
  return {
    schema: 1,
    fleet: "web",
    machine: "web-1",
    runtime: "a".repeat(64),
    app: {
      name: "shop",
      release: { id: "1".repeat(64), archive: { sha256: "2".repeat(64), bytes: 1000 } },
      environment: {},
      processes: [
        {
          name: "web",
          command: { kind: "asgi", app: "main:app" },
          workers: { count: "auto", perCore: 1 },
          health: { path: "/", accept: "alive", timeoutMs: 30_000 },
          bootTimeoutMs: 60_000,
          livenessTimeoutMs: 30_000,
          drainTimeoutMs: 30_000,
        },
      ],
    },
    https: { mode: "internal", names: ["192.0.2.1"], httpPort: 80, httpsPort: 443 },
    ...changed,
  };
}

/** The report of a machine on which `of` was confirmed. */
export function reportOf(of: Manifest, changed: Partial<AppStatus> = {}): AppStatus {
  return {
    app: of.app.name,
    fleet: of.fleet,
    machine: of.machine,
    runtime: of.runtime,
    release: of.app.release.id,
    generation: generationOf(of),
    unconfirmed: null,
    manifestHash: fingerprintOf(of),
    applyId: "apply",
    supervisorPid: 100,
    cores: 2,
    workers: { wanted: 2, ready: 2, pids: [101, 102] },
    health: { state: "healthy", detail: "" },
    urls: ["https://192.0.2.1/"],
    caPem: "PEM",
    ...changed,
  };
}

export function observed(...apps: AppStatus[]): Observation {
  const facts = {
    os: "debian",
    osVersion: "13",
    arch: "x86_64",
    target: { arch: "x64" as const, python: "3.13" },
    cores: 2,
    root: true,
  };
  return { state: "reachable", facts, runtimes: [], apps };
}

/** What a supervisor of these workers reports. */
export function reportOfSupervisor(workers: Partial<WorkerReport>[]): SupervisorStatus {
  const each = workers.map((worker, index): WorkerReport => ({
    slot: index + 1,
    pid: 101 + index,
    state: "ready",
    epoch: 0,
    uptimeMs: 1_000,
    bootMs: 100,
    address: null,
    requests: null,
    active: null,
    connections: null,
    memoryMiB: null,
    recycling: null,
    ...worker,
  }));
  const ready = each.filter(({ state }) => state === "ready");
  return {
    schema: 1,
    pid: 100,
    state: "running",
    uptimeMs: 1_000,
    where: "here",
    cores: 2,
    sizing: "as told",
    workers: { target: each.length, wanted: each.length, ready: ready.length, pids: ready.map(({ pid }) => pid) },
    each,
    restarts: {},
    reloads: { succeeded: 0, failed: 0 },
    memoryMiB: null,
  };
}

/** What `fleet status` has of a machine that is well. */
export function machineStatus(changed: Partial<MachineStatus> = {}): MachineStatus {
  return {
    name: "web-1",
    address: "192.0.2.1",
    url: "https://192.0.2.1/",
    cores: 1,
    supervisorPid: 70,
    workers: { wanted: 1, ready: 1, pids: [81] },
    release: "abcdef0123456789",
    generation: "g",
    health: "healthy",
    unreachable: false,
    drift: [],
    notes: [],
    certificates: [],
    rolledBack: null,
    ...changed,
  };
}
