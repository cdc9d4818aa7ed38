/** Supervisors for people. Pure. */
import type { SupervisorStatus, WorkerReport } from "../supervisor-report.ts";
import type { Instance } from "./instances.ts";

export function renderInstances(instances: readonly Instance[]): string {
  return instances.map(renderInstance).join("\n");
}

/** One line for each, to choose from. */
export function listInstances(instances: readonly Instance[]): string {
  const what = ({ status }: Instance): string => (status === null ? "does not answer" : `${status.state} on ${status.where}`);
  return instances.map((instance) => `  --pid ${instance.pid}  ${what(instance)} (${instance.path})\n`).join("");
}

function renderInstance(instance: Instance): string {
  if (instance.status === null) return `fleethost ${instance.pid}: ${instance.why}\n`;
  return `${[...headerLines(instance.status, instance.path), "", ...workerTable(instance.status.each)].join("\n")}\n`;
}

function headerLines(status: SupervisorStatus, path: string): string[] {
  const { pid, state, where, uptimeMs, workers, sizing, restarts, reloads, memoryMiB, each } = status;
  const all = each.reduce((total, worker) => total + (worker.memoryMiB ?? 0), memoryMiB ?? 0);
  const scaled = workers.wanted === workers.target ? sizing : `scaled from ${workers.target}: ${sizing}`;
  return [
    `fleethost ${pid}: ${state} on ${where}, for ${duration(uptimeMs)}`,
    `  workers   ${workers.ready} of ${workers.wanted} ready (${scaled})`,
    `  restarts  ${counts(Object.entries(restarts))}`,
    `  reloads   ${counts([
      ["succeeded", reloads.succeeded],
      ["failed", reloads.failed],
    ])}`,
    `  memory    ${memoryMiB === null ? "unknown" : `${mebibytes(all)}, ${mebibytes(memoryMiB)} of it the supervisor's own`}`,
    `  control   ${path}`,
  ];
}

function counts(numbers: readonly (readonly [string, number])[]): string {
  return (
    numbers
      .filter(([, number]) => number > 0)
      .map(([name, number]) => `${name} ${number}`)
      .join(", ") || "none"
  );
}

interface Column {
  readonly title: string;
  readonly value: (worker: WorkerReport) => string;
  /** Of words: numbers stand to the right. */
  readonly left?: true;
}

const columns: readonly Column[] = [
  { title: "slot", value: ({ slot }) => String(slot) },
  { title: "pid", value: ({ pid }) => String(pid) },
  { title: "state", value: stateText, left: true },
  { title: "up", value: ({ uptimeMs }) => duration(uptimeMs) },
  { title: "boot", value: ({ bootMs }) => (bootMs === null ? "-" : duration(bootMs)) },
  { title: "requests", value: ({ requests }) => orDash(requests) },
  { title: "active", value: ({ active }) => orDash(active) },
  { title: "connections", value: ({ connections }) => orDash(connections) },
  { title: "memory", value: ({ memoryMiB }) => (memoryMiB === null ? "-" : mebibytes(memoryMiB)) },
];
const addressColumn: Column = { title: "address", value: ({ address }) => address ?? "-", left: true };

function workerTable(each: readonly WorkerReport[]): string[] {
  const workers = each.toSorted((first, second) => first.slot - second.slot || second.uptimeMs - first.uptimeMs);
  const shown = workers.some(({ address }) => address !== null) ? [...columns, addressColumn] : columns;
  const rows = [shown.map(({ title }) => title), ...workers.map((worker) => shown.map(({ value }) => value(worker)))];
  const widths = shown.map((_, index) => Math.max(...rows.map((row) => row[index]?.length ?? 0)));
  const cell = (text: string, index: number): string =>
    shown[index]?.left === true ? text.padEnd(widths[index] ?? 0) : text.padStart(widths[index] ?? 0);
  return rows.map((row) => `  ${row.map(cell).join("  ")}`.trimEnd());
}

const recyclingTexts = { maxRequests: "has answered enough", memory: "is too large", lifetime: "is old enough" } as const;

function stateText({ state, recycling }: WorkerReport): string {
  return recycling === null ? state : `${state}, ${recyclingTexts[recycling]}`;
}

const orDash = (value: number | null): string => (value === null ? "-" : String(value));

const mebibytes = (value: number): string => `${value.toFixed(value < 10 ? 1 : 0)} MiB`;

/** The two largest units that matter: `412 ms`, `9.3 s`, `4 min 10 s`, `2 h 3 min`, `5 d 1 h`. */
export function duration(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 1) return `${Math.round(ms)} ms`;
  if (seconds < 60) return `${(ms / 1000).toFixed(seconds < 10 ? 1 : 0)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}
