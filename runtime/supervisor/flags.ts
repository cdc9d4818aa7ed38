/** The flags of `fleethost run`, and the process that they describe when there is no generation. Pure. */
import * as z from "../zod.ts";
import { commandSchema, type Process, processSchema, type WorkerCommand } from "../manifest.ts";
import { RunFailure, supervisorExit } from "./exit.ts";

/** As commander gives them; all values are texts. */
export interface RunFlags {
  readonly generation?: string;
  readonly asgi?: string;
  readonly wsgi?: string;
  readonly node?: string;
  /** What follows `--`. */
  readonly command?: readonly string[];
  readonly listen?: string;
  readonly probe?: string;
  readonly readyAfterMs?: string;
  readonly slots?: string;
  readonly workers?: string;
  readonly workersPerCore?: string;
  readonly minWorkers?: string;
  readonly maxWorkers?: string;
  readonly workerMemoryMib?: string;
  readonly startWorkers?: string;
  readonly appDir?: string;
  readonly python?: string;
  readonly host?: string;
  readonly port?: string;
  readonly socket?: string;
  readonly fd?: string;
  readonly bootTimeoutMs?: string;
  readonly livenessTimeoutMs?: string;
  readonly drainTimeoutMs?: string;
  readonly maxRequests?: string;
  readonly maxRequestsJitter?: string;
  readonly maxMemoryMib?: string;
  readonly maxLifetimeMs?: string;
  readonly accessLog?: boolean;
  readonly logFormat?: string;
  readonly control?: string;
}

/** Without a manifest; each is an option of the command. */
export const defaults = {
  host: "127.0.0.1",
  port: 8000,
  bootTimeoutMs: 60_000,
  livenessTimeoutMs: 30_000,
  drainTimeoutMs: 30_000,
} as const;

/** What a generation's manifest says already. */
const PROCESS_FLAGS = [
  "asgi",
  "wsgi",
  "node",
  "command",
  "listen",
  "probe",
  "readyAfterMs",
  "slots",
  "workers",
  "workersPerCore",
  "minWorkers",
  "maxWorkers",
  "workerMemoryMib",
  "appDir",
  "maxRequests",
  "maxRequestsJitter",
  "maxMemoryMib",
  "maxLifetimeMs",
  "accessLog",
] as const satisfies readonly (keyof RunFlags)[];

export const usage = (message: string): RunFailure => new RunFailure(supervisorExit.usage, message);

/** @throws RunFailure */
export function refuseProcessFlags(flags: RunFlags): void {
  const clashing = PROCESS_FLAGS.filter((flag) => flags[flag] !== undefined);
  if (clashing.length > 0) throw usage(`--generation already says what these say: ${clashing.join(", ")}`);
}

/** @throws RunFailure that says every problem at once */
export function processFromFlags(flags: RunFlags): Process {
  const { maxRequests, maxRequestsJitter, maxMemoryMib, maxLifetimeMs } = flags;
  return parse(
    processSchema,
    withoutUndefined({
      name: "web",
      command: commandFromFlags(flags),
      workers: withoutUndefined({
        count: flags.workers === undefined || flags.workers === "auto" ? "auto" : Number(flags.workers),
        perCore: number(flags.workersPerCore) ?? 1,
        min: number(flags.minWorkers),
        max: number(flags.maxWorkers),
        memoryMiB: number(flags.workerMemoryMib),
      }),
      health: { path: "/", accept: "alive", timeoutMs: defaults.bootTimeoutMs },
      bootTimeoutMs: number(flags.bootTimeoutMs) ?? defaults.bootTimeoutMs,
      livenessTimeoutMs: number(flags.livenessTimeoutMs) ?? defaults.livenessTimeoutMs,
      drainTimeoutMs: number(flags.drainTimeoutMs) ?? defaults.drainTimeoutMs,
      recycle: withoutUndefined({
        maxRequests: number(maxRequests),
        maxRequestsJitter: number(maxRequestsJitter),
        memoryMiB: number(maxMemoryMib),
        lifetimeMs: number(maxLifetimeMs),
      }),
      accessLog: flags.accessLog,
    }),
    "the command line",
  );
}

/** @throws RunFailure */
export function parse<T>(schema: z.ZodMiniType<T>, value: unknown, where: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw usage(`${where} is not right:\n${z.prettifyError(result.error)}`);
}

function commandFromFlags(flags: RunFlags): WorkerCommand {
  const given = [flags.asgi, flags.wsgi, flags.node, flags.command].filter((value) => value !== undefined);
  if (given.length !== 1) {
    throw usage(
      "say what to run, with one of: --generation DIR, --asgi module:attribute, --wsgi module:attribute, --node module.ts, -- COMMAND",
    );
  }
  if (flags.command === undefined) {
    const only = (["listen", "probe", "readyAfterMs", "slots"] as const).filter((flag) => flags[flag] !== undefined);
    if (only.length > 0) throw usage(`these are for a command after "--" only: ${only.join(", ")}`);
  }
  return parse(commandSchema, withoutUndefined(commandValue(flags)), "the command line");
}

function commandValue({ asgi, wsgi, node, command = [], listen, probe, readyAfterMs, slots }: RunFlags): Record<string, unknown> {
  if (asgi !== undefined) return { kind: "asgi", app: asgi };
  if (wsgi !== undefined) return { kind: "wsgi", app: wsgi };
  if (node !== undefined) return { kind: "node", module: node };
  return {
    kind: "command",
    argv: command,
    listen: listen ?? listenOf(command),
    probe,
    readyAfterMs: number(readyAfterMs),
    slots: number(slots),
  };
}

/** The first placeholder says how it takes connections; without one it takes none. */
function listenOf(argv: readonly string[]): string {
  return /\{(fd|port|socket)\}/.exec(argv.join("\0"))?.[1] ?? "none";
}

const number = (text: string | undefined): number | undefined => (text === undefined ? undefined : Number(text));

const withoutUndefined = (value: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined));
