/** Puts a supervisor together from this process, its sockets and its signals, and runs it to its end. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RunFailure, type SupervisorExit, supervisorExit } from "./exit.ts";
import type { RunFlags } from "./flags.ts";
import { closeInherited } from "./inherited.ts";
import { type HandledSignal, signalMeaning } from "./lifecycle.ts";
import { bindUnix, inheritedSockets, openSocket } from "./listen.ts";
import { log } from "./log.ts";
import { createNotifier } from "./notify.ts";
import { compileOptions, type RunOptions } from "./options.ts";
import { serveStatus } from "./status-server.ts";
import { createSupervisor } from "./supervision.ts";

/** Never throws for expected failures: it tells them, and returns the exit code. */
export async function run(flags: RunFlags): Promise<SupervisorExit> {
  // For the addresses of a command that was named by hand; a generation has a place for them.
  const slotsFolder = flags.command === undefined ? undefined : mkdtempSync(join(tmpdir(), "fleethost-"));
  try {
    refuseInit(process.pid);
    return await supervise(compileOptions(flags, process.cwd(), slotsFolder));
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

/** Process 1 must reap strangers, and gets no signal that it has no handler for: that is an init's work. */
export function refuseInit(pid: number): void {
  if (pid !== 1) return;
  throw new RunFailure(
    supervisorExit.cannotStart,
    "fleethost can't be process 1, as orphans of the app would stay as zombies. Put an init before it:\n" +
      '  ENTRYPOINT ["tini", "--", "fleethost", "run", …]      or      docker run --init …',
  );
}

async function supervise(options: RunOptions): Promise<SupervisorExit> {
  ignoreBrokenOutput();
  closeInherited(inheritedSockets(options.listen, process.env, process.pid));
  const runtimeDir = process.env.RUNTIME_DIRECTORY?.split(":")[0];
  const listen = needsSocket(options) ? await openSocket(options.listen, process.env, process.pid) : null;
  const direct = runtimeDir === undefined ? null : await bindUnix(join(runtimeDir, "direct.sock"));
  const notifier = createNotifier(process.env);
  const supervisor = createSupervisor(options, { listen, direct }, notifier, log);
  const closeStatus = runtimeDir === undefined ? () => {} : await serveStatus(join(runtimeDir, "status.sock"), () => supervisor.status());
  for (const signal of Object.keys(signalMeaning) as HandledSignal[]) {
    process.on(signal, () => supervisor.ask(signalMeaning[signal]));
  }
  const exit = await supervisor.run();
  closeStatus();
  listen?.close();
  direct?.close();
  await notifier.flushed();
  return exit;
}

/** A command with addresses of its own, or with none, shares no socket. */
function needsSocket({ process: { command } }: RunOptions): boolean {
  return command.kind !== "command" || command.listen === "fd";
}

/** A terminal or a pipe that went away takes our lines with it; that is no reason to stop serving. */
function ignoreBrokenOutput(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
}
