/** The command line and environment of a worker process. Pure. */
import type { WorkerCommand } from "../manifest.ts";
import type { RunOptions } from "./options.ts";
import { beatIntervalMs } from "./worker-states.ts";

/** Descriptors that every worker inherits; the shims in `runtime/workers` know the same numbers. */
export const workerFd = { listen: 3, direct: 4, channel: 5 } as const;

/** Length of the accept queue (systemd's `Backlog=` is the same); the kernel cuts it to net.core.somaxconn. */
export const BACKLOG = 4096;

export interface Launch {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
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
const SUPERVISOR_ONLY = ["NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "WATCHDOG_USEC", "WATCHDOG_PID"];

/** @param hasDirect whether descriptor 4 is a listening socket */
export function workerLaunch(
  options: RunOptions,
  slot: number,
  hasDirect: boolean,
  tools: LaunchTools,
  environment: NodeJS.ProcessEnv,
): Launch {
  const command = options.process.command;
  const program = [...interpreter(command, options, tools), ...shimFlags(options, slot, hasDirect), entry(command)];
  // The kernel ends the worker with its parent, even one that is wedged and would never see its channel close.
  const [file = "", ...args] = tools.setpriv === null ? program : [tools.setpriv, "--pdeathsig", "KILL", ...program];
  return { file, args, cwd: options.appDir, env: workerEnvironment(options, environment) };
}

function interpreter(command: WorkerCommand, options: RunOptions, tools: LaunchTools): string[] {
  // -P: the shim's own folder is no place to import the app's modules from.
  return command.kind === "asgi" ? [options.python, "-P", tools.asgiShim] : [tools.node, tools.nodeShim];
}

function shimFlags(options: RunOptions, slot: number, hasDirect: boolean): string[] {
  const { livenessTimeoutMs, drainTimeoutMs } = options.process;
  return [
    `--slot=${slot}`,
    `--beat-ms=${beatIntervalMs(livenessTimeoutMs)}`,
    `--drain-ms=${drainTimeoutMs}`,
    ...(hasDirect ? ["--direct"] : []),
  ];
}

const entry = (command: WorkerCommand): string => (command.kind === "asgi" ? command.app : command.module);

function workerEnvironment(options: RunOptions, environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const env = Object.fromEntries(Object.entries(environment).filter(([name]) => !SUPERVISOR_ONLY.includes(name)));
  if (options.process.command.kind === "node") return env;
  const pythonPath = [...options.pythonPath, environment.PYTHONPATH].filter((part) => part !== undefined && part !== "");
  // Unbuffered: the last lines of a worker that dies are those that matter.
  return { PYTHONUNBUFFERED: "1", ...env, PYTHONPATH: pythonPath.join(":") };
}
