/** Runs a command on this computer. */
import { type ChildProcess, spawn } from "node:child_process";
import type { Context, Streams } from "./context.ts";
import { type Logging, Output, previousOutput } from "./output.ts";

export interface LocalInputs {
  stdin?: string;
  logging?: Logging;
  interpreter?: string[];
  dir?: string;
  environment?: Record<string, string>;
  assetPaths?: string[];
  archivePaths?: string[];
  addPreviousOutputInEnv?: boolean;
}

/**
 * Runs `command` with the interpreter; the process group it starts ends with the operation.
 * @throws Error with the exit status and all output, when it doesn't end with 0.
 */
export async function runLocally(command: string, inputs: LocalInputs, previous: Partial<Streams>, context: Context): Promise<Streams> {
  const output = new Output(context.log, inputs.logging);
  const child = start(command, inputs, previous);
  child.stdout?.on("data", (chunk: Buffer) => output.take("stdout", chunk));
  child.stderr?.on("data", (chunk: Buffer) => output.take("stderr", chunk));
  feed(child, inputs.stdin);
  const ending = await ended(child, context.signal);
  const streams = output.finish();
  if (ending !== undefined) throw output.failure(ending, command);
  return streams;
}

function start(command: string, inputs: LocalInputs, previous: Partial<Streams>): ChildProcess {
  const given = inputs.interpreter ?? [];
  const [program = "/bin/sh", ...argumentsBefore] = given.length > 0 ? given : ["/bin/sh", "-c"];
  return spawn(program, [...argumentsBefore, command], {
    cwd: inputs.dir,
    env: {
      ...process.env,
      ...inputs.environment,
      ...previousOutput(previous, inputs.addPreviousOutputInEnv),
    },
    stdio: [inputs.stdin ? "pipe" : "ignore", "pipe", "pipe"],
    // A group of its own, so that what the command has started can be ended with it.
    detached: true,
  });
}

function feed(child: ChildProcess, stdin: string | undefined): void {
  // A command that ends without reading all of it is no failure.
  child.stdin?.on("error", () => {});
  child.stdin?.end(stdin);
}

/** How it ended, in words; undefined for exit status 0. */
function ended(child: ChildProcess, signal: AbortSignal): Promise<string | undefined> {
  const stop = () => endGroup(child);
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop, { once: true });
  const ending = new Promise<string | undefined>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code, killedBy) => {
      if (signal.aborted) resolve(`${String(signal.reason?.message ?? signal.reason)} (killed)`);
      else if (killedBy !== null) resolve(`signal: ${killedBy}`);
      else resolve(code === 0 ? undefined : `exit status ${code}`);
    });
  });
  return ending.finally(() => signal.removeEventListener("abort", stop));
}

// KILL and not TERM: so does the official provider, and a command must not count on more here than it gets there.
function endGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}
