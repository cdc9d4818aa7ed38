/** Servers whose parent is the process that we start, and that HUP reloads. */
import type { ChildProcess } from "node:child_process";
import { childrenOf, commandOf, isAlive, signal, treeOf } from "../processes.ts";
import type { Lab } from "../lab.ts";
import type { Tools } from "../setup.ts";
import { holdsWithin, until } from "../waiting.ts";
import type { Contender, Running, Setup } from "./contender.ts";

export interface CommandLine {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export interface ForegroundServer {
  readonly id: string;
  readonly title: string;
  readonly family: "asgi" | "node";
  readonly note?: string;
  commandLine(setup: Setup, tools: Tools): CommandLine;
  /** Which of the parent's children serve; default: all. */
  isWorker?(commandLine: string): boolean;
  /** Matches once in the output for each reload that is over; default: none of the old workers lives any more. */
  readonly reloaded?: RegExp;
}

const RELOAD_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 5_000;
const KEPT_OUTPUT = 20_000;

export function foreground(server: ForegroundServer): Contender {
  const contender: Contender = {
    ...server,
    start: async (setup, tools, lab) => launch(contender, server, setup, tools, lab),
  };
  return contender;
}

function launch(contender: Contender, server: ForegroundServer, setup: Setup, tools: Tools, lab: Lab): Running {
  const { file, args, env } = server.commandLine(setup, tools);
  const child = lab.spawn(file, args, { env: { ...env, ...setup.env }, cwd: lab.newFolder(server.id) });
  const output = new Output(child, server.reloaded);
  const parentPid = child.pid ?? 0;
  const workerPids = (): number[] => childrenOf(parentPid).filter((pid) => server.isWorker?.(commandOf(pid)) ?? true);
  return {
    contender,
    address: setup.listen,
    parentPid,
    ended: new Promise((resolve) => {
      child.once("exit", (code, name) => resolve(name ?? `exit code ${code}`));
      child.once("error", (error) => resolve(error.message));
    }),
    workerPids,
    reload: () => reload(server, parentPid, setup.workers, workerPids, output),
    output: () => output.text,
    stop: () => stop(parentPid),
  };
}

async function reload(
  server: ForegroundServer,
  parentPid: number,
  workers: number,
  workerPids: () => number[],
  output: Output,
): Promise<void> {
  const old = workerPids();
  const reloads = output.reloads;
  signal(parentPid, "SIGHUP");
  const isOver =
    server.reloaded === undefined ? () => !old.some(isAlive) && workerPids().length >= workers : () => output.reloads > reloads;
  await until(`${server.title} has reloaded; its output:\n${output.text}`, RELOAD_LIMIT_MS, isOver, 5);
}

async function stop(parentPid: number): Promise<void> {
  // Those that outlive their parent would be nobody's children then.
  const tree = treeOf(parentPid);
  signal(parentPid, "SIGTERM");
  const allGone = await holdsWithin(STOP_LIMIT_MS, () => !tree.some(isAlive));
  if (!allGone) for (const pid of new Set([...tree, ...treeOf(parentPid)])) signal(pid, "SIGKILL");
}

class Output {
  text = "";
  reloads = 0;

  constructor(child: ChildProcess, reloaded: RegExp | undefined) {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (chunk: string) => {
        if (reloaded !== undefined) this.reloads += chunk.split(reloaded).length - 1;
        this.text = (this.text + chunk).slice(-KEPT_OUTPUT);
      });
    }
  }
}
