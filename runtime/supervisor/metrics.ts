/** A supervisor's status for Prometheus. Loaded at the first scrape only. */
import Counter from "prom-client/lib/counter.js";
import Gauge from "prom-client/lib/gauge.js";
import Registry from "prom-client/lib/registry.js";
import runtime from "../package.json" with { type: "json" };
import {
  restartReasons,
  type SupervisorStatus,
  supervisorStatusSchema,
  type WorkerReport,
  workerReportSchema,
} from "../supervisor-report.ts";

const MIB = 2 ** 20;
const lifeStates = supervisorStatusSchema.shape.state.options;
const workerStates = workerReportSchema.shape.state.options;

/** Values by one label's value; null ones are unknown and left out. */
type Samples = Iterable<readonly [label: string | number, value: number | null]>;

/**
 * The text exposition format, version 0.0.4. Made anew from the status each time: nothing is counted here, so nothing drifts.
 */
export async function renderMetrics(status: SupervisorStatus): Promise<{ type: string; body: string }> {
  const registry = new Registry();
  const metrics = makersIn(registry);
  describeSupervisor(metrics, status);
  describeWorkers(metrics, status.each);
  return { type: registry.contentType, body: await registry.metrics() };
}

interface Makers {
  gauge(name: string, help: string, value: number | null): void;
  gauges(name: string, help: string, label: string, samples: Samples): void;
  counters(name: string, help: string, label: string, samples: Samples): void;
}

function makersIn(registry: Registry): Makers {
  const common = (name: string, help: string) => ({ name: `fleetwright_${name}`, help, registers: [registry] });
  return {
    gauge(name, help, value) {
      if (value !== null) new Gauge(common(name, help)).set(value);
    },
    gauges(name, help, label, samples) {
      const gauge = new Gauge({ ...common(name, help), labelNames: [label] });
      for (const [key, value] of samples) if (value !== null) gauge.set({ [label]: String(key) }, value);
    },
    counters(name, help, label, samples) {
      const counter = new Counter({ ...common(name, help), labelNames: [label] });
      for (const [key, value] of samples) if (value !== null) counter.inc({ [label]: String(key) }, value);
    },
  };
}

function describeSupervisor({ gauge, gauges, counters }: Makers, status: SupervisorStatus): void {
  const { workers, each, restarts, reloads } = status;
  gauges("build_info", "Always 1; the version is in the label.", "version", [[runtime.version, 1]]);
  gauge("supervisor_uptime_seconds", "Since the supervisor started.", inSeconds(status.uptimeMs));
  gauge("supervisor_memory_bytes", "The supervisor's own share of memory (PSS).", inBytes(status.memoryMiB));
  gauges("supervisor_state", "1 for the state that the supervisor is in.", "state", oneHot(lifeStates, status.state));
  gauge("cores", "Cores that the workers may use.", status.cores);
  gauge("workers_target", "Workers that the supervisor was sized to at its start.", workers.target);
  gauge("workers_wanted", "Workers that there should be now.", workers.wanted);
  gauge("workers_ready", "Workers that take requests.", workers.ready);
  const counts = workerStates.map((state) => [state, each.filter((worker) => worker.state === state).length] as const);
  gauges("worker_processes", "Worker processes, by state; those that are being replaced included.", "state", counts);
  const byReason = restartReasons.map((reason) => [reason, restarts[reason] ?? 0] as const);
  counters("restarts_total", "Workers replaced, reloads apart, by reason.", "reason", byReason);
  counters("reloads_total", "Rolling reloads, by outcome.", "outcome", [
    ["succeeded", reloads.succeeded],
    ["failed", reloads.failed],
  ]);
}

/** By slot, never by pid: a pid for each replacement would fill the one who collects them. */
function describeWorkers({ gauges, counters }: Makers, each: readonly WorkerReport[]): void {
  const slots = [...Map.groupBy(each, ({ slot }) => slot)].sort(([first], [second]) => first - second);
  const newest = (value: (worker: WorkerReport) => number | null): Samples =>
    slots.map(([slot, workers]) => [slot, value(newestOf(workers))]);
  const all = (value: (worker: WorkerReport) => number | null): Samples => slots.map(([slot, workers]) => [slot, sum(workers.map(value))]);
  const ready = slots.map(([slot, workers]) => [slot, workers.some(({ state }) => state === "ready") ? 1 : 0] as const);
  gauges("worker_up", "1 when the slot has a worker that takes requests.", "slot", ready);
  gauges(
    "worker_uptime_seconds",
    "Age of the slot's newest worker.",
    "slot",
    newest(({ uptimeMs }) => inSeconds(uptimeMs)),
  );
  gauges(
    "worker_boot_seconds",
    "Start until ready of the slot's newest worker.",
    "slot",
    newest(({ bootMs }) => inSeconds(bootMs)),
  );
  const requests = newest((worker) => worker.requests);
  counters("worker_requests_total", "Answered by the slot's newest worker; starts again at 0 with each.", "slot", requests);
  const active = all((worker) => worker.active);
  gauges("worker_active_requests", "Requests under way in the slot.", "slot", active);
  const connections = all((worker) => worker.connections);
  gauges("worker_connections", "Open connections in the slot.", "slot", connections);
  const memory = all((worker) => inBytes(worker.memoryMiB));
  gauges("worker_memory_bytes", "Share of memory (PSS) of the slot's processes.", "slot", memory);
}

/** In a reload, a slot has two for a while. */
const newestOf = (workers: readonly WorkerReport[]): WorkerReport =>
  workers.reduce((newest, worker) => (worker.uptimeMs < newest.uptimeMs ? worker : newest));

/** Of those that are known; null when none is. */
function sum(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((total, value) => total + value, 0);
}

const oneHot = (states: readonly string[], is: string): Samples => states.map((state) => [state, state === is ? 1 : 0] as const);

const inBytes = (mib: number | null): number | null => (mib === null ? null : Math.round(mib * MIB));

const inSeconds = (ms: number | null): number | null => (ms === null ? null : Math.round(ms) / 1000);
