/** Puts a supervisor together from this process, its sockets and its signals, and runs it to its end. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { thisUser } from "./control-path.ts";
import { RunFailure, type SupervisorExit, supervisorExit } from "./exit.ts";
import type { RunFlags } from "./flags.ts";
import { closeInherited } from "./inherited.ts";
import { type HandledSignal, signalMeaning } from "./lifecycle.ts";
import { type BoundSocket, bindUnix, inheritedSockets, openSocket, startListening } from "./listen.ts";
import { createLog, log } from "./log.ts";
import { createNotifier } from "./notify.ts";
import { openControl } from "./open-control.ts";
import { compileOptions, type RunOptions } from "./options.ts";
import { createSupervisor } from "./supervision.ts";

/** Never throws for expected failures: it tells them, and returns the exit code. */
export async function run(flags: RunFlags): Promise<SupervisorExit> {
  // For the addresses of a command that was named by hand; a generation has a place for them.
  const slotsFolder = flags.command === undefined ? undefined : mkdtempSync(join(tmpdir(), "fleethost-"));
  try {
    refuseInit(process.pid);
    return await supervise(compileOptions(withEnvironment(flags, process.env), process.cwd(), slotsFolder));
  } catch (error) {
    if (error instanceof RunFailure) {
      log("error", error.message);
      return error.exitCode;
    }
    log("error", `fault in the supervisor itself: ${(error as Error).stack}`);
    return supervisorExit.internal;
  } finally {
    if (slotsFolder !== undefined) rmSync(slotsFolder, { recursive: true, force: true });
  }
}

/** The agent starts a generation with fewer workers than it will have in the end. */
function withEnvironment(flags: RunFlags, { FLEETHOST_START_WORKERS: startWorkers }: NodeJS.ProcessEnv): RunFlags {
  return flags.startWorkers !== undefined || startWorkers === undefined ? flags : { ...flags, startWorkers };
}

/** Process 1 must reap strangers, and gets no signal that it has no handler for: that is an init's work. */
function refuseInit(pid: number): void {
  if (pid !== 1) return;
  throw new RunFailure(
    supervisorExit.cannotStart,
    "fleethost can't be process 1, as orphans of the app would stay as zombies. Put an init before it:\n" +
      '  ENTRYPOINT ["tini", "--", "fleethost", "run", …]      or      docker run --init …',
  );
}

async function supervise(options: RunOptions): Promise<SupervisorExit> {
  ignoreBrokenOutput();
  const out = createLog({ format: options.logFormat });
  closeInherited(inheritedSockets(options.listen, process.env, process.pid));
  const listen = needsSocket(options) ? await openSocket(options.listen, process.env, process.pid) : null;
  if (listen !== null && options.process.command.kind === "command") startListening(listen);
  const direct = await openDirect(process.env);
  const notifier = createNotifier(process.env);
  const supervisor = createSupervisor(options, { listen, direct }, notifier, out);
  const control = await openControl({ ...thisUser(), pid: process.pid, path: options.control }, supervisor, out.log);
  for (const signal of Object.keys(signalMeaning) as HandledSignal[]) {
    process.on(signal, () => supervisor.ask(signalMeaning[signal]));
  }
  const exit = await supervisor.run();
  await control.close();
  listen?.close();
  direct?.close();
  await notifier.flushed();
  return exit;
}

/** The socket on which a generation is asked for its health before it serves; nobody but the agent needs one. */
async function openDirect({ RUNTIME_DIRECTORY }: NodeJS.ProcessEnv): Promise<BoundSocket | null> {
  const folder = RUNTIME_DIRECTORY?.split(":")[0];
  return folder === undefined ? null : bindUnix(join(folder, "direct.sock"));
}

/** A command with addresses of its own, or with none, shares no socket. */
function needsSocket({ process: { command } }: RunOptions): boolean {
  return command.kind !== "command" || command.listen === "fd";
}

/** A terminal or a pipe that went away takes our lines with it; that is no reason to stop serving. */
function ignoreBrokenOutput(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
}
