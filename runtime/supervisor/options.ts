/** What `fleethost run` is asked to do: from a generation's folder, or from the command line. */
import { readFileSync, realpathSync } from "node:fs";
import { join, resolve } from "node:path";
import { manifestSchema, type Process } from "../manifest.ts";
import type { Secrets } from "../secrets.ts";
import { type Slots, slotsOf } from "../slots.ts";
import { type LogFormat, logFormats } from "./log-format.ts";
import { defaults, parse, processFromFlags, refuseProcessFlags, type RunFlags, usage } from "./flags.ts";

/** Where to listen when systemd hands no socket over. */
export type ListenAt =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string }
  /** A listening socket that was inherited. */
  | { readonly kind: "fd"; readonly fd: number };

/** The code that a worker runs, behind resolved links: a worker and its replacements never change it under way. */
export interface Code {
  /** Working directory of the workers. */
  readonly appDir: string;
  /** What goes before the caller's own PYTHONPATH. */
  readonly pythonPath: readonly string[];
}

/** Compiled: complete, checked, and with every path absolute. */
export interface RunOptions {
  readonly process: Process;
  /** The code as of now: asked at the start and at every reload. Throws an error that says why it can't be found. */
  readonly resolveCode: () => Code;
  /** The interpreter of Python workers. */
  readonly python: string;
  readonly listen: ListenAt;
  /** Addresses of a command that can't share a socket; undefined for all others. */
  readonly slots: Slots | undefined;
  /** Starts with this many workers only; undefined for as many as the machine shall have. */
  readonly startWith: number | undefined;
  /** Of the workers only: it is in no file but the credentials', and not in this process's own environment. */
  readonly secretEnvironment: Readonly<Record<string, string>>;
  /** Path of the control socket; undefined for the usual place. */
  readonly control: string | undefined;
  readonly logFormat: LogFormat | "auto";
}

/**
 * @param slotsFolder where files about slots go when there is no generation
 * @param credentials the folder in which systemd has put the generation's secrets
 * @throws RunFailure that says every problem at once
 */
export function compileOptions(
  flags: RunFlags,
  cwd: string,
  slotsFolder = cwd,
  credentials = process.env.CREDENTIALS_DIRECTORY,
): RunOptions {
  const common = {
    python: flags.python ?? "python3",
    listen: listenAt(flags, cwd),
    startWith: startWith(flags),
    control: flags.control === undefined ? undefined : resolve(cwd, flags.control),
    logFormat: logFormat(flags),
  };
  if (flags.generation !== undefined) return { ...common, ...fromGeneration(resolve(cwd, flags.generation), flags, credentials) };
  const process = processFromFlags(flags);
  const appDir = resolve(cwd, flags.appDir ?? ".");
  const resolveCode = (): Code => {
    const resolved = resolveLink(appDir, "the app's folder");
    return { appDir: resolved, pythonPath: [resolved] };
  };
  return { ...common, process, resolveCode, slots: slotsByHand(process, common.listen, slotsFolder), secretEnvironment: {} };
}

type OfGeneration = Pick<RunOptions, "process" | "resolveCode" | "slots" | "secretEnvironment">;

function fromGeneration(folder: string, flags: RunFlags, credentials: string | undefined): OfGeneration {
  refuseProcessFlags(flags);
  const manifest = parse(manifestSchema, readJson(join(folder, "manifest.json")), join(folder, "manifest.json"));
  // Resolved once: replacements must run the code that the first workers ran, wherever the link points by then.
  const release = resolveLink(join(folder, "release"), "the generation's release");
  const appDir = join(release, "app");
  const [process] = manifest.app.processes;
  const code: Code = { appDir, pythonPath: [appDir, join(release, "python")] };
  return {
    process,
    resolveCode: () => code,
    slots: slotsOf(manifest.app.name, process.command),
    secretEnvironment: readSecretEnvironment(manifest.app.secrets ?? {}, credentials),
  };
}

/** Once, at the start: systemd's files are those of this generation, which never changes. */
function readSecretEnvironment(secrets: Secrets, credentials: string | undefined): Record<string, string> {
  const names = Object.keys(secrets).filter((name) => secrets[name]?.as === "environment");
  return Object.fromEntries(names.map((name) => [name, readCredential(name, credentials)]));
}

function readCredential(name: string, credentials: string | undefined): string {
  if (credentials === undefined) throw usage(`the generation has secrets, and there is no CREDENTIALS_DIRECTORY: start it by its unit`);
  try {
    return readFileSync(join(credentials, name), "utf8");
  } catch (error) {
    throw usage(`cannot read the secret ${name}: ${(error as Error).message}`);
  }
}

/** By hand, slot 1 has the port that was asked for. */
function slotsByHand({ command }: Process, listen: ListenAt, folder: string): Slots | undefined {
  if (command.kind !== "command" || listen.kind !== "tcp") return slotsOf("run", command, folder);
  return slotsOf("run", { ...command, portBase: listen.port - 1 }, folder);
}

function listenAt(flags: RunFlags, cwd: string): ListenAt {
  const given = (["host", "port", "socket", "fd"] as const).filter((flag) => flags[flag] !== undefined);
  if (flags.socket !== undefined && given.length > 1) throw usage("--socket and --host, --port or --fd exclude each other");
  if (flags.fd !== undefined && given.length > 1) throw usage("--fd and --host or --port exclude each other");
  if (flags.socket !== undefined) return { kind: "unix", path: resolve(cwd, flags.socket) };
  if (flags.fd !== undefined) return { kind: "fd", fd: wholeNumber("--fd", flags.fd, 3, 1023) };
  return { kind: "tcp", host: flags.host ?? defaults.host, port: wholeNumber("--port", flags.port ?? String(defaults.port), 0, 65_535) };
}

const startWith = ({ startWorkers }: RunFlags): number | undefined =>
  startWorkers === undefined ? undefined : wholeNumber("--start-workers", startWorkers, 1, 512);

function wholeNumber(flag: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isInteger(value) && value >= least && value <= most) return value;
  throw usage(`${flag} ${text} is not a whole number from ${least} to ${most}`);
}

const formats = ["auto", ...logFormats] as const;

function logFormat({ logFormat: given = "auto" }: RunFlags): LogFormat | "auto" {
  const format = formats.find((name) => name === given);
  if (format === undefined) throw usage(`--log-format ${given} is none of ${formats.join(", ")}`);
  return format;
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw usage(`cannot read ${path}: ${(error as Error).message}`);
  }
}

function resolveLink(path: string, what: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    throw usage(`${what} is not there: ${(error as Error).message}`);
  }
}
