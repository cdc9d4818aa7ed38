/** The command line, environment and descriptors of a worker process. Pure. */
import type { WorkerCommand } from "../manifest.ts";
import { addressText, type SlotAddress } from "../slots.ts";
import type { Code, RunOptions } from "./options.ts";
import { beatIntervalMs } from "./worker-states.ts";

/** Descriptors that a worker with a shim inherits; the shims in `runtime/workers` know the same numbers. */
export const workerFd = { listen: 3, direct: 4, channel: 5 } as const;

/** Length of the accept queue (systemd's `Backlog=` is the same); the kernel cuts it to net.core.somaxconn. */
export const BACKLOG = 4096;

export interface Launch {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** What is passed beside stdin, stdout and stderr: `shim` all of `workerFd`, `socket` the listening one only. */
  readonly descriptors: "shim" | "socket" | "none";
}

/** The worker that is to be started. */
export interface WorkerSpec {
  readonly slot: number;
  readonly code: Code;
  /** Its own; null when all share one socket, or there is none. */
  readonly address: SlotAddress | null;
  /** After so many it says that it is spent; null for never. */
  readonly maxRequests: number | null;
  /** Whether descriptor 4 is a listening socket. */
  readonly hasDirect: boolean;
}

/** What of this computer a launch depends on. */
export interface LaunchTools {
  readonly node: string;
  readonly nodeShim: string;
  readonly asgiShim: string;
  /** Path of util-linux's `setpriv`; null where there is none. */
  readonly setpriv: string | null;
}

/**
 * systemd's own variables stay with the supervisor: a worker that notified or pinged would speak for all, and the socket
 * protocol's pid is never the worker's.
 */
const SUPERVISOR_ONLY = [
  "NOTIFY_SOCKET",
  "LISTEN_FDS",
  "LISTEN_PID",
  "LISTEN_FDNAMES",
  "WATCHDOG_USEC",
  "WATCHDOG_PID",
  "FLEETHOST_START_WORKERS",
];

/** Only the process itself knows its pid before it runs the program; sd_listen_fds(3) wants it named. */
const NAME_LISTEN_PID = ["/bin/sh", "-c", 'LISTEN_PID=$$ exec "$@"', "sh"];

export function workerLaunch(options: RunOptions, spec: WorkerSpec, tools: LaunchTools, environment: NodeJS.ProcessEnv): Launch {
  const { command } = options.process;
  const program = command.kind === "command" ? commandLine(command, spec) : shimLine(command, options, spec, tools);
  // The kernel ends the worker with its parent, even one that is wedged and would never see its channel close.
  const [file = "", ...args] = tools.setpriv === null ? program : [tools.setpriv, "--pdeathsig", "KILL", ...program];
  return {
    file,
    args,
    cwd: spec.code.appDir,
    env: workerEnvironment(command, spec, { ...environment, ...options.secretEnvironment }),
    descriptors: command.kind !== "command" ? "shim" : command.listen === "fd" ? "socket" : "none",
  };
}

function commandLine({ argv, listen }: WorkerCommand & { kind: "command" }, { slot, address }: WorkerSpec): string[] {
  const values: Readonly<Record<string, string>> = {
    fd: String(workerFd.listen),
    slot: String(slot),
    ...(address?.kind === "port" ? { port: String(address.port) } : {}),
    ...(address?.kind === "socket" ? { socket: address.path } : {}),
  };
  const words = argv.map((word) => word.replaceAll(/\{(fd|slot|port|socket)\}/g, (whole, name: string) => values[name] ?? whole));
  return listen === "fd" ? [...NAME_LISTEN_PID, ...words] : words;
}

function shimLine(
  command: Exclude<WorkerCommand, { kind: "command" }>,
  options: RunOptions,
  spec: WorkerSpec,
  tools: LaunchTools,
): string[] {
  const { livenessTimeoutMs, drainTimeoutMs, accessLog } = options.process;
  const flags = [
    `--slot=${spec.slot}`,
    `--beat-ms=${beatIntervalMs(livenessTimeoutMs)}`,
    `--drain-ms=${drainTimeoutMs}`,
    ...(spec.maxRequests === null ? [] : [`--max-requests=${spec.maxRequests}`]),
    ...(accessLog === true ? ["--access-log"] : []),
    ...(spec.hasDirect ? ["--direct"] : []),
    ...(command.kind === "wsgi" ? ["--wsgi"] : []),
  ];
  if (command.kind === "node") return [tools.node, tools.nodeShim, ...flags, command.module];
  // -P: the shim's own folder is no place to import the app's modules from.
  return [options.python, "-P", tools.asgiShim, ...flags, command.app];
}

function workerEnvironment(command: WorkerCommand, { code, slot, address }: WorkerSpec, environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const inherited = Object.fromEntries(Object.entries(environment).filter(([name]) => !SUPERVISOR_ONLY.includes(name)));
  const env = { ...inherited, FLEETWRIGHT_SLOT: String(slot) };
  if (command.kind === "node") return env;
  const pythonPath = [...code.pythonPath, environment.PYTHONPATH].filter((part) => part !== undefined && part !== "");
  // Unbuffered: the last lines of a worker that dies are those that matter.
  const python = { PYTHONUNBUFFERED: "1", ...env, PYTHONPATH: pythonPath.join(":") };
  return command.kind === "command" ? { ...python, ...socketVariables(command.listen, address) } : python;
}

/** For programs that take their socket from the environment. */
function socketVariables(listen: string, address: SlotAddress | null): NodeJS.ProcessEnv {
  if (listen === "fd") return { LISTEN_FDS: "1" };
  if (address === null) return {};
  return address.kind === "port" ? { PORT: String(address.port), HOST: "127.0.0.1" } : { SOCKET: addressText(address) };
}
