/** Starts worker processes, and turns what they do into events. Decides nothing. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { type Launch, workerFd } from "./launch.ts";
import { parseMessage } from "./messages.ts";
import { eachLine, Tail } from "./output.ts";
import type { WorkerEvent } from "./worker-states.ts";

/** How a process ended; `code` and `signal` are both null when it could not even be started. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface WorkerProcess {
  /** 0 for a process that could not be started. */
  readonly pid: number;
  /** Its last lines of output. */
  readonly tail: readonly string[];
  /** TERM: drain and end. */
  terminate(): void;
  /** KILL, to it and to what it has started. */
  kill(): void;
}

export interface WorkerListener {
  message(event: WorkerEvent): void;
  ended(ending: Ending): void;
  output(stream: "stdout" | "stderr", line: string): void;
}

export interface WorkerSockets {
  readonly listen: number;
  readonly direct: number | null;
}

/** A worker's last words are waited for this long after its death, as its own children may hold the pipe open. */
const LAST_WORDS_MS = 300;

export function spawnWorker(launch: Launch, sockets: WorkerSockets, listener: WorkerListener): WorkerProcess {
  const child = spawn(launch.file, launch.args, {
    cwd: launch.cwd,
    env: launch.env,
    // Its own process group: a terminal's Ctrl-C reaches the supervisor only, which then drains.
    detached: true,
    stdio: ["ignore", "pipe", "pipe", sockets.listen, sockets.direct ?? "ignore", "pipe"],
  });
  const tail = new Tail();
  const pass = (stream: "stdout" | "stderr") => (line: string) => {
    tail.push(line);
    listener.output(stream, line);
  };
  eachLine(child.stdout as Readable, pass("stdout"));
  eachLine(child.stderr as Readable, pass("stderr"));
  reportLife(child, tail, listener);
  return {
    pid: child.pid ?? 0,
    tail: tail.lines,
    terminate: () => void child.kill("SIGTERM"),
    kill: () => killGroup(child),
  };
}

function reportLife(child: ChildProcess, tail: Tail, listener: WorkerListener): void {
  let wasReady = false;
  eachLine((child.stdio as readonly unknown[])[workerFd.channel] as Readable, (line) => {
    const event = parseMessage(line);
    if (event === null) return;
    wasReady ||= event === "ready";
    listener.message(event);
  });
  child.once("error", (error) => {
    if (child.pid !== undefined) return;
    tail.push(`cannot start the worker: ${error.message}`);
    listener.ended({ code: null, signal: null });
  });
  child.once("exit", (code, signal) => {
    // A ready worker is replaced at once; for a failed boot the reason is worth a moment.
    if (wasReady) listener.ended({ code, signal });
    else void lastWords(child).then(() => listener.ended({ code, signal }));
  });
}

async function lastWords(child: ChildProcess): Promise<void> {
  await once(child, "close", { signal: AbortSignal.timeout(LAST_WORDS_MS) }).catch(() => {});
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // No such group: it has just ended.
  }
}
