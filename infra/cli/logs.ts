/** `fleet logs`: the machines' journals in one, as they come. Each machine's agent takes the secrets that it knows out of them. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { exitCodes } from "../errors.ts";
import type { Inventory, InventoryMachine } from "../inventory.ts";
import type { LogLine } from "../../runtime/report.ts";
import { currentAgentCommand } from "../rollout/commands.ts";
import { sshOwnExitCode } from "../rollout/transports/ssh-failure.ts";
import { sshWords } from "../rollout/transports/ssh.ts";
import { chooseFleets } from "./inventories.ts";
import { whyNot } from "./ask-agent.ts";
import { type LogQuestion, logText, logWords, parseLogLine } from "./log-lines.ts";
import { Merge } from "./log-merge.ts";
import { type FleetChoice, oneMachine } from "./machines.ts";
import { readInventories } from "./stacks.ts";

export interface LogsOptions extends FleetChoice {
  follow?: boolean;
  since?: string;
  lines?: number;
}

const CONNECT_TIMEOUT_MS = 5_000;
/** How long a followed line waits for earlier ones of other machines: more than a network takes, less than people notice. */
const WINDOW_MS = 400;
const MAX_HELD = 20_000;
/** A machine whose lines wait for another one's is not read further: it has them on disk. */
const MAX_HELD_EACH = 2_000;
const LOOK_EVERY_MS = 100;

/** @param name one machine; without it, all. Exit code 3 when a machine's log could not be had, or broke off */
export async function logs(name: string | undefined, { stack, fleet, follow = false, since, lines }: LogsOptions): Promise<number> {
  const inventories = await readInventories(stack);
  const sources = name === undefined ? all(chooseFleets(inventories, fleet)) : [oneMachine(inventories, fleet, name)].map(sourceOf);
  const width = Math.max(...sources.map(({ label }) => label.length));
  const merge = new Merge<string>(
    sources.map(({ label }) => label),
    { windowMs: follow ? WINDOW_MS : Number.POSITIVE_INFINITY, maxHeld: MAX_HELD },
  );
  const stopped = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stopped.abort());
  process.stdout.on("error", () => stopped.abort());
  const readers = sources.map((source) =>
    read(source, { follow, since, lines, app: source.app }, stopped.signal, merge, (line) => logText(source.label, width, line)),
  );
  const flush = (): boolean => process.stdout.write(merge.take(performance.now()).join(""));
  const timer = setInterval(flush, LOOK_EVERY_MS);
  const ends = await Promise.all(readers.map((reader) => reader.done));
  clearInterval(timer);
  flush();
  await new Promise<void>((resolve) => void process.stdout.write("", () => resolve()));
  return ends.every((whole) => whole) ? exitCodes.ok : exitCodes.partial;
}

interface Source {
  /** Unique among all. */
  label: string;
  app: string;
  machine: InventoryMachine;
}

const sourceOf = ({ inventory, machine }: { inventory: Inventory; machine: InventoryMachine }): Source => ({
  label: machine.name,
  app: inventory.app,
  machine,
});

/** Two fleets may each have a "web-1". */
function all(inventories: readonly Inventory[]): Source[] {
  return inventories.flatMap((inventory) =>
    inventory.machines.map((machine) => ({
      ...sourceOf({ inventory, machine }),
      label: inventories.length > 1 ? `${inventory.fleet}/${machine.name}` : machine.name,
    })),
  );
}

/** Reads one machine's journal into the merge. `done` is false when it broke off; the others go on. */
function read(
  { label, machine }: Source,
  options: LogQuestion,
  signal: AbortSignal,
  merge: Merge<string>,
  text: (line: LogLine) => string,
): { done: Promise<boolean> } {
  const { words, remove } = sshWords(machine.transport, CONNECT_TIMEOUT_MS);
  const command = currentAgentCommand(...logWords(options));
  // An end of its standard input tells the agent that nobody reads any more.
  const child = spawn("ssh", [...words, "--", command], { stdio: ["pipe", "pipe", "pipe"], detached: true });
  const stop = (): void => void child.kill();
  signal.addEventListener("abort", stop);
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-2_000)));
  const merging = mergeLines(child.stdout, label, merge, text);
  const done = new Promise<boolean>((resolve) => {
    child.on("error", (error) => (errors = error.message));
    child.on("close", (code) => {
      merging.stop();
      signal.removeEventListener("abort", stop);
      remove();
      merge.end(label);
      const asked = signal.aborted || (code === 0 && !options.follow);
      if (!asked) process.stderr.write(`${label}: ${why(code, errors)}\n`);
      resolve(asked);
    });
  });
  return { done };
}

/** Reads no further while too many of its lines are held. */
function mergeLines(stdout: Readable, label: string, merge: Merge<string>, text: (line: LogLine) => string): { stop: () => void } {
  createInterface({ input: stdout }).on("line", (line) => {
    const entry = parseLogLine(line);
    if (entry === undefined) return;
    merge.push(label, entry.atUs, text(entry), performance.now());
    if (merge.held(label) > MAX_HELD_EACH) stdout.pause();
  });
  const resuming = setInterval(() => merge.held(label) <= MAX_HELD_EACH / 2 && stdout.resume(), LOOK_EVERY_MS);
  return { stop: () => clearInterval(resuming) };
}

function why(code: number | null, errors: string): string {
  const last = errors.trim().split("\n").at(-1) ?? "";
  if (code === sshOwnExitCode) return `its log can't be had: ${last === "" ? "the connection ended" : last}`;
  return code === null || code === 0 ? "its log ended" : `its log can't be had: ${whyNot(code, errors)}`;
}
