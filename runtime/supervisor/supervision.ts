/** A supervisor for real processes on this computer. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Claims } from "./claims.ts";
import { monotonicClock } from "./clock.ts";
import { readFacts } from "./facts.ts";
import { type LaunchTools, workerLaunch } from "./launch.ts";
import type { BoundSocket } from "./listen.ts";
import type { Log } from "./log.ts";
import { memoryMiB, oomKillWatch } from "./memory.ts";
import { type Notifier, watchdogIntervalMs } from "./notify.ts";
import type { RunOptions } from "./options.ts";
import { watchCommand } from "./probe.ts";
import { requestBudget } from "./recycling.ts";
import { sizeWorkers } from "./sizing.ts";
import { spawnWorker, type WorkerListener, type WorkerProcess } from "./spawn.ts";
import type { SupervisorSettings } from "./settings.ts";
import { Supervisor } from "./supervisor.ts";
import { beatIntervalMs } from "./worker-states.ts";
import { DELIST_WAIT_MS } from "../slots.ts";

export interface Sockets {
  /** Null for a command that shares none. */
  readonly listen: BoundSocket | null;
  readonly direct: BoundSocket | null;
}

export function createSupervisor(options: RunOptions, sockets: Sockets, notifier: Notifier, { log, workerLine }: Log): Supervisor {
  const codes = [options.resolveCode()];
  const spawn = spawner(options, sockets, codes);
  return new Supervisor(settingsOf(options, sockets), {
    clock: monotonicClock,
    notifier,
    log,
    random: Math.random,
    hrtimeNs: () => process.hrtime.bigint(),
    openEpoch: (epoch) => {
      codes[epoch] = options.resolveCode();
    },
    memoryMiB,
    oomKill: oomKillWatch(),
    stopListening: () => sockets.listen?.close(),
    spawn: (slot, epoch, listener) => spawn(slot, epoch, { ...listener, output: (stream, line) => workerLine(stream, slot, line) }),
  });
}

function settingsOf(options: RunOptions, { listen }: Sockets): SupervisorSettings {
  const { process: process_, slots } = options;
  const { workers, command, recycle } = process_;
  // Half of the addresses: the other half is the next generation's.
  const most = slots === undefined ? 512 : Math.floor(slots.count / 2);
  const sizing = sizeWorkers({ ...workers, max: Math.min(workers.max ?? most, most) }, readFacts());
  const hasProbe = command.kind !== "command" || command.probe !== undefined;
  return {
    pid: process.pid,
    sizing,
    startWith: Math.min(options.startWith ?? sizing.workers, sizing.workers),
    bounds: { min: workers.min ?? 1, max: Math.min(workers.max ?? most, most) },
    limits: { ...process_, livenessTimeoutMs: hasProbe ? process_.livenessTimeoutMs : null, delistWaitMs: DELIST_WAIT_MS },
    recycle,
    watchdogIntervalMs: watchdogIntervalMs(process.env, process.pid),
    where: listen?.where ?? (slots === undefined ? "no socket" : "addresses of their own"),
  };
}

type Spawner = (slot: number, epoch: number, listener: WorkerListener) => WorkerProcess;

/** @param codes by epoch */
function spawner(options: RunOptions, sockets: Sockets, codes: readonly ReturnType<RunOptions["resolveCode"]>[]): Spawner {
  const { command, livenessTimeoutMs, recycle } = options.process;
  const tools = findTools();
  const claims = options.slots === undefined ? null : new Claims(options.slots, process.pid);
  const fds = { listen: sockets.listen?.fd ?? null, direct: sockets.direct?.fd ?? null };
  return (slot, epoch, listener) => {
    const claim = claims?.claim() ?? null;
    if (claims !== null && claim === null) return unstartable(`all ${options.slots?.count} addresses are taken`, listener);
    const address = claim?.address ?? null;
    const code = codes[epoch] ?? options.resolveCode();
    const maxRequests = requestBudget(recycle, Math.random());
    const launch = workerLaunch(options, { slot, code, address, maxRequests, hasDirect: fds.direct !== null }, tools, process.env);
    const watch = command.kind === "command" ? watchCommand(command, address, beatIntervalMs(livenessTimeoutMs)) : null;
    return spawnWorker(launch, fds, claim, watch, listener);
  };
}

function unstartable(why: string, listener: WorkerListener): WorkerProcess {
  setImmediate(() => listener.ended({ code: null, signal: null }));
  return { pid: 0, address: null, tail: [why], list() {}, delist() {}, terminate() {}, kill() {} };
}

const SETPRIV = "/usr/bin/setpriv";

/** The shims lie beside the bundle, or in `runtime/workers` of the source tree. */
function findTools(): LaunchTools {
  const [nodeShim, asgiShim] = import.meta.url.endsWith(".ts")
    ? ["../workers/node-worker.ts", "../workers/asgi_worker.py"]
    : ["./node-worker.mjs", "./asgi_worker.py"];
  return {
    node: process.execPath,
    nodeShim: fileURLToPath(new URL(nodeShim, import.meta.url)),
    asgiShim: fileURLToPath(new URL(asgiShim, import.meta.url)),
    setpriv: existsSync(SETPRIV) ? SETPRIV : null,
  };
}
