/** Puts a supervisor together from this process, its sockets and its signals, and runs it to its end. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { monotonicClock } from "./clock.ts";
import { RunFailure, type SupervisorExit, supervisorExit } from "./exit.ts";
import { readFacts } from "./facts.ts";
import { type LaunchTools, workerLaunch } from "./launch.ts";
import { type HandledSignal, signalMeaning } from "./lifecycle.ts";
import { type BoundSocket, bindUnix, openSocket } from "./listen.ts";
import { log } from "./log.ts";
import { createNotifier, type Notifier, watchdogIntervalMs } from "./notify.ts";
import { compileOptions, type RunFlags, type RunOptions } from "./options.ts";
import { sizeWorkers } from "./sizing.ts";
import { spawnWorker } from "./spawn.ts";
import { serveStatus } from "./status-server.ts";
import { Supervisor } from "./supervisor.ts";

/** Never throws for expected failures: it tells them, and returns the exit code. */
export async function run(flags: RunFlags): Promise<SupervisorExit> {
  try {
    return await supervise(compileOptions(flags, process.cwd()));
  } catch (error) {
    if (error instanceof RunFailure) {
      log("error", error.message);
      return error.exitCode;
    }
    log("error", `fault in the supervisor itself: ${(error as Error).stack}`);
    return supervisorExit.internal;
  }
}

async function supervise(options: RunOptions): Promise<SupervisorExit> {
  ignoreBrokenOutput();
  const runtimeDir = process.env.RUNTIME_DIRECTORY?.split(":")[0];
  const listen = await openSocket(options.listen, process.env, process.pid);
  const direct = runtimeDir === undefined ? null : await bindUnix(join(runtimeDir, "direct.sock"));
  const notifier = createNotifier(process.env);
  const supervisor = createSupervisor(options, listen, direct, notifier);
  const closeStatus = runtimeDir === undefined ? () => {} : await serveStatus(join(runtimeDir, "status.sock"), () => supervisor.status());
  for (const signal of Object.keys(signalMeaning) as HandledSignal[]) {
    process.on(signal, () => supervisor.ask(signalMeaning[signal]));
  }
  const exit = await supervisor.run();
  closeStatus();
  listen.close();
  direct?.close();
  await notifier.flushed();
  return exit;
}

function createSupervisor(options: RunOptions, listen: BoundSocket, direct: BoundSocket | null, notifier: Notifier): Supervisor {
  const sockets = { listen: listen.fd, direct: direct?.fd ?? null };
  const tools = findTools();
  return new Supervisor(
    {
      pid: process.pid,
      sizing: sizeWorkers(options.process.workers, readFacts()),
      limits: options.process,
      watchdogIntervalMs: watchdogIntervalMs(process.env, process.pid),
      where: listen.where,
    },
    {
      clock: monotonicClock,
      notifier,
      log,
      random: Math.random,
      hrtimeNs: () => process.hrtime.bigint(),
      spawn: (slot, listener) =>
        spawnWorker(workerLaunch(options, slot, direct !== null, tools, process.env), sockets, {
          ...listener,
          output: (stream, line) => process[stream].write(`[${slot}] ${line}\n`),
        }),
    },
  );
}

const SETPRIV = "/usr/bin/setpriv";

/** The shims lie beside the bundle, or in `runtime/workers` of the source tree. */
function findTools(): LaunchTools {
  const [nodeShim, asgiShim] = import.meta.url.endsWith(".ts")
    ? ["../workers/node-worker.ts", "../workers/asgi_worker.py"]
    : ["./node-worker.mjs", "./asgi_worker.py"];
  return {
    node: process.execPath,
    nodeShim: fileURLToPath(new URL(nodeShim, import.meta.url)),
    asgiShim: fileURLToPath(new URL(asgiShim, import.meta.url)),
    setpriv: existsSync(SETPRIV) ? SETPRIV : null,
  };
}

/** A terminal or a pipe that went away takes our lines with it; that is no reason to stop serving. */
function ignoreBrokenOutput(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
}
