/** What `fleethost run` is asked to do: from a generation's folder, or from the command line. */
import { readFileSync, realpathSync } from "node:fs";
import { join, resolve } from "node:path";
import { z } from "zod";
import { commandSchema, manifestSchema, type Process, processSchema, type WorkerCommand } from "../manifest.ts";
import { RunFailure, supervisorExit } from "./exit.ts";

/** Where to listen when systemd hands no socket over. */
export type ListenAt =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

/** Compiled: complete, checked, and with every path absolute. */
export interface RunOptions {
  readonly process: Process;
  /** Working directory of the workers. */
  readonly appDir: string;
  /** What goes before the caller's own PYTHONPATH. */
  readonly pythonPath: readonly string[];
  /** The interpreter of ASGI workers. */
  readonly python: string;
  readonly listen: ListenAt;
}

/** As commander gives them; all values are texts. */
export interface RunFlags {
  readonly generation?: string;
  readonly asgi?: string;
  readonly node?: string;
  readonly workers?: string;
  readonly appDir?: string;
  readonly python?: string;
  readonly host?: string;
  readonly port?: string;
  readonly socket?: string;
  readonly bootTimeoutMs?: string;
  readonly livenessTimeoutMs?: string;
  readonly drainTimeoutMs?: string;
}

/** Without a manifest; each is an option of the command. */
export const defaults = {
  host: "127.0.0.1",
  port: 8000,
  bootTimeoutMs: 60_000,
  livenessTimeoutMs: 30_000,
  drainTimeoutMs: 30_000,
} as const;

/** @throws RunFailure that says every problem at once */
export function compileOptions(flags: RunFlags, cwd: string): RunOptions {
  const common = { python: flags.python ?? "python3", listen: listenAt(flags, cwd) };
  if (flags.generation !== undefined) return { ...common, ...fromGeneration(resolve(cwd, flags.generation), flags) };
  const appDir = resolve(cwd, flags.appDir ?? ".");
  return { ...common, process: processFromFlags(flags), appDir, pythonPath: [appDir] };
}

function fromGeneration(folder: string, flags: RunFlags): Pick<RunOptions, "process" | "appDir" | "pythonPath"> {
  const clashing = (["asgi", "node", "workers", "appDir"] as const).filter((flag) => flags[flag] !== undefined);
  if (clashing.length > 0) throw usage(`--generation already says what these say: ${clashing.join(", ")}`);
  const manifest = parse(manifestSchema, readJson(join(folder, "manifest.json")), join(folder, "manifest.json"));
  // Resolved once: replacements must run the code that the first workers ran, wherever the link points by then.
  const release = resolveLink(join(folder, "release"));
  const appDir = join(release, "app");
  return { process: manifest.app.processes[0], appDir, pythonPath: [appDir, join(release, "python")] };
}

function processFromFlags(flags: RunFlags): Process {
  const count = flags.workers === undefined || flags.workers === "auto" ? "auto" : Number(flags.workers);
  const numberOr = (text: string | undefined, fallback: number): number => (text === undefined ? fallback : Number(text));
  return parse(
    processSchema,
    {
      name: "web",
      command: commandFromFlags(flags),
      workers: { count, perCore: 1 },
      health: { path: "/", accept: "alive", timeoutMs: defaults.bootTimeoutMs },
      bootTimeoutMs: numberOr(flags.bootTimeoutMs, defaults.bootTimeoutMs),
      livenessTimeoutMs: numberOr(flags.livenessTimeoutMs, defaults.livenessTimeoutMs),
      drainTimeoutMs: numberOr(flags.drainTimeoutMs, defaults.drainTimeoutMs),
    },
    "the command line",
  );
}

function commandFromFlags(flags: RunFlags): WorkerCommand {
  if ((flags.asgi === undefined) === (flags.node === undefined)) {
    throw usage("say what to run, with one of: --generation DIR, --asgi module:attribute, --node module.ts");
  }
  const command = flags.asgi === undefined ? { kind: "node", module: flags.node } : { kind: "asgi", app: flags.asgi };
  return parse(commandSchema, command, "the command line");
}

function listenAt(flags: RunFlags, cwd: string): ListenAt {
  if (flags.socket !== undefined) {
    if (flags.host !== undefined || flags.port !== undefined) throw usage("--socket and --host/--port exclude each other");
    return { kind: "unix", path: resolve(cwd, flags.socket) };
  }
  const port = Number(flags.port ?? defaults.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw usage(`--port ${flags.port} is not a port number`);
  return { kind: "tcp", host: flags.host ?? defaults.host, port };
}

function parse<T>(schema: z.ZodType<T>, value: unknown, where: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw usage(`${where} is not right:\n${z.prettifyError(result.error)}`);
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw usage(`cannot read ${path}: ${(error as Error).message}`);
  }
}

function resolveLink(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    throw usage(`the generation's release is not there: ${(error as Error).message}`);
  }
}

const usage = (message: string): RunFailure => new RunFailure(supervisorExit.usage, message);
