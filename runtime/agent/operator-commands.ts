/** The agent's commands that an operator's `fleet` command asks for: releases, drift, logs, decommission. */
import { once } from "node:events";
import { type Command, InvalidArgumentError } from "commander";
import { agentExit, type LogLine } from "../report.ts";
import { backUp } from "./acme-storage.ts";
import { appName } from "./command-words.ts";
import type { Agent } from "./context.ts";
import { storedSecretsRedactor } from "./credstore.ts";
import { decommission } from "./decommission.ts";
import { asFailure } from "./failure.ts";
import { confirmedManifest } from "./go-back.ts";
import { type LogOptions, tellLogs } from "./logs.ts";
import { readPending } from "./records.ts";
import { reportReleases } from "./releases-report.ts";
import { status } from "./status.ts";

/** `fleethost drift` found some; the same as `fleet drift`'s. */
const DRIFT_EXIT = 2;

type Action = (agent: Agent, options: { app: string }) => Promise<Record<string, unknown>>;

/** Asks a machine something. */
type Read = (agent: Agent, options: { app: string; manifests?: boolean }) => Promise<Printed>;

interface Parts {
  makeAgent: (json: boolean) => Agent;
  /** Adds a command that changes the machine: under its lock, with events and exit codes. */
  addLocked: (name: string, about: string, action: Action) => Command;
}

export function registerOperatorCommands(program: Command, { makeAgent, addLocked }: Parts): void {
  const reading = (name: string, about: string, read: Read) =>
    program
      .command(name)
      .description(about)
      .requiredOption("--app <name>", "the app", appName)
      .option("--json", "as one line of JSON")
      .action((options) => print(makeAgent(false), name, options, read));
  reading("releases", "An app's history on this machine, and the generations that it still has.", releases).option(
    "--manifests",
    "with the manifest of each; they hold the app's environment",
  );
  reading("drift", "How this machine differs from what was confirmed on it; exit code 2 when it does.", drift);
  program
    .command("logs")
    .description("An app's journal, Caddy's and the agent's, without the values of secrets; with --follow until standard input ends.")
    .requiredOption("--app <name>", "the app", appName)
    .option("--json", "each line as JSON")
    .option("-f, --follow", "go on")
    .option("--since <time>", '"10m", or as journalctl takes it')
    .option("-n, --lines <n>", "so many of the last lines (default: 100, or all with --since)", wholeNumber)
    .action((options) => showLogs(makeAgent(false), options));
  reading("acme-backup", "What this machine has from its ACME issuer, sealed with the account's key.", acmeBackup);
  const leaving = "Stops an app and removes it: units, releases, records, its user; with the last app everything of ours.";
  addLocked("decommission", leaving, (agent, { app }) => decommission(agent, app));
}

const releases: Read = async (agent, { app, manifests }) => {
  const report = await reportReleases(agent, app, manifests === true);
  const lines = report.history.map(
    ({ at, event, release, generation, by, why }) => `${at} ${event} ${release.slice(0, 8)} (${generation}) by ${by}: ${why}`,
  );
  return { value: report, lines, exitCode: agentExit.ok };
};

const drift: Read = async (agent, { app }) => {
  const { drift: found = [], notes = [] } = (await status(agent, app)).apps[0] ?? {};
  const differs = found.length + notes.length > 0;
  const lines = differs ? [...found, ...notes] : ["as it was confirmed"];
  return { value: { schema: 1, app, drift: found, notes }, lines, exitCode: differs ? DRIFT_EXIT : agentExit.ok };
};

const acmeBackup: Read = async (agent, { app }) => {
  const manifest = (await readPending(agent, app))?.manifest ?? (await confirmedManifest(agent, app))?.manifest;
  const backup = manifest === undefined ? { hash: null, sealed: null } : await backUp(agent, manifest.https);
  return { value: { schema: 1, ...backup }, lines: [backup.sealed ?? "nothing"], exitCode: agentExit.ok };
};

function wholeNumber(value: string): number {
  if (/^[1-9]\d{0,5}$/.test(value)) return Number(value);
  throw new InvalidArgumentError("a whole number, at least 1");
}

/** Ends with its reader: a connection that is cut closes standard input, and a pipe that is closed refuses a line. */
async function showLogs(agent: Agent, { json = false, ...options }: LogOptions & { json?: boolean }): Promise<void> {
  const ended = new AbortController();
  process.stdout.on("error", () => ended.abort());
  if (options.follow === true) process.stdin.resume().on("end", () => ended.abort());
  const signal = AbortSignal.any([agent.signal, ended.signal]);
  const textOf = (line: LogLine): string =>
    json ? JSON.stringify(line) : `${new Date(line.atUs / 1000).toISOString()} ${line.unit} ${line.message}`;
  const put = async (line: LogLine): Promise<void> => {
    if (!process.stdout.write(`${textOf(line)}\n`)) await once(process.stdout, "drain", { signal }).catch(() => undefined);
  };
  try {
    await tellLogs(options, storedSecretsRedactor(agent.paths), put, signal);
  } catch (error) {
    const failure = asFailure(error, "logs");
    agent.report.failed(failure);
    process.exitCode = failure.exitCode;
  } finally {
    process.stdin.pause();
  }
}

interface Printed {
  value: unknown;
  lines: string[];
  exitCode: number;
}

async function print<O extends { json?: boolean }>(
  agent: Agent,
  name: string,
  options: O,
  read: (agent: Agent, options: O) => Promise<Printed>,
): Promise<void> {
  try {
    const { value, lines, exitCode } = await read(agent, options);
    process.stdout.write(options.json === true ? `${JSON.stringify(value)}\n` : lines.map((line) => `${line}\n`).join(""));
    process.exitCode = exitCode;
  } catch (error) {
    const failure = asFailure(error, name);
    agent.report.failed(failure);
    process.exitCode = failure.exitCode;
  }
}
