/** Starts worker processes, and turns what they do into events. Decides nothing. */
import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import type { Claim } from "./claims.ts";
import type { Ending } from "./deaths.ts";
import { type Launch, workerFd } from "./launch.ts";
import { parseMessage, type WorkerMessage } from "./messages.ts";
import { eachLine, Tail } from "./output.ts";

export interface WorkerProcess {
  /** 0 for a process that could not be started. */
  readonly pid: number;
  /** Its own port or socket, for people; null when it has none. */
  readonly address: string | null;
  /** Its last lines of output. */
  readonly tail: readonly string[];
  /** Its address takes traffic from now on. */
  list(): void;
  /** Its address takes none from now on. */
  delist(): void;
  /** TERM: drain and end. */
  terminate(): void;
  /** KILL, to it and to what it has started. */
  kill(): void;
}

export interface WorkerListener {
  message(message: WorkerMessage): void;
  ended(ending: Ending): void;
  output(stream: "stdout" | "stderr", line: string): void;
}

export interface WorkerSockets {
  readonly listen: number | null;
  readonly direct: number | null;
}

/** Watches a worker that says nothing by itself; returns what ends the watch. */
export type Watch = (told: (message: WorkerMessage) => void) => () => void;

/** A worker's last words are waited for this long after its death, as its own children may hold the pipe open. */
const LAST_WORDS_MS = 300;

/**
 * @param claim of its own address; it is released when the process has ended
 * @param watch null for a worker with a shim, which reports by itself
 */
export function spawnWorker(
  launch: Launch,
  sockets: WorkerSockets,
  claim: Claim | null,
  watch: Watch | null,
  listener: WorkerListener,
): WorkerProcess {
  const child = spawn(launch.file, launch.args, {
    cwd: launch.cwd,
    env: launch.env,
    // Its own process group: a terminal's Ctrl-C reaches the supervisor only, which then drains.
    detached: true,
    stdio: stdioOf(launch, sockets),
  });
  const tail = new Tail();
  const pass = (stream: "stdout" | "stderr") => (line: string) => {
    tail.push(line);
    listener.output(stream, line);
  };
  eachLine(child.stdout as Readable, pass("stdout"));
  eachLine(child.stderr as Readable, pass("stderr"));
  reportLife(child, tail, watch, { ...listener, ended: (ending) => (claim?.release(), listener.ended(ending)) });
  return {
    pid: child.pid ?? 0,
    address: claim?.text ?? null,
    tail: tail.lines,
    list: () => claim?.list(),
    delist: () => claim?.delist(),
    terminate: () => void child.kill("SIGTERM"),
    kill: () => killGroup(child),
  };
}

function stdioOf({ descriptors }: Launch, { listen, direct }: WorkerSockets): StdioOptions {
  const standard = ["ignore", "pipe", "pipe"] as const;
  if (descriptors === "none") return [...standard];
  const shared = [...standard, listen ?? "ignore"] as const;
  return descriptors === "socket" ? [...shared] : [...shared, direct ?? "ignore", "pipe"];
}

function reportLife(child: ChildProcess, tail: Tail, watch: Watch | null, listener: WorkerListener): void {
  let wasReady = false;
  const told = (message: WorkerMessage): void => {
    wasReady ||= message.event === "ready";
    listener.message(message);
  };
  const endWatch = watch === null ? listenTo(child, told) : child.pid === undefined ? () => {} : watch(told);
  child.once("error", (error) => {
    if (child.pid !== undefined) return;
    tail.push(`cannot start the worker: ${error.message}`);
    listener.ended({ code: null, signal: null });
  });
  child.once("exit", (code, signal) => {
    endWatch();
    killLeftovers(child);
    // A ready worker is replaced at once; for a failed boot the reason is worth a moment.
    if (wasReady) listener.ended({ code, signal });
    else void lastWords(child).then(() => listener.ended({ code, signal }));
  });
}

function listenTo(child: ChildProcess, told: (message: WorkerMessage) => void): () => void {
  const channel = (child.stdio as readonly unknown[])[workerFd.channel] as Readable;
  eachLine(channel, (line) => {
    const message = parseMessage(line);
    if (message !== null) told(message);
  });
  return () => {};
}

async function lastWords(child: ChildProcess): Promise<void> {
  await once(child, "close", { signal: AbortSignal.timeout(LAST_WORDS_MS) }).catch(() => {});
}

function killGroup(child: ChildProcess): void {
  if (child.exitCode === null && child.signalCode === null) killLeftovers(child);
}

/** What a worker has started shares its process group, and is nobody's once the worker has gone. */
function killLeftovers(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // No such group: nobody is left.
  }
}
