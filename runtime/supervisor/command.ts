/** `fleethost run` on the command line. What it does is loaded only when it is asked for. */
import type { Command } from "commander";
import type { RunFlags } from "./options.ts";

export function registerRun(program: Command): void {
  program
    .command("run")
    .description("Start an app's workers and keep them: on a machine a generation, by hand any app.")
    .option("--generation <dir>", "folder of a generation: manifest.json and the link `release`")
    .option("--asgi <app>", "ASGI application, as module:attribute")
    .option("--node <module>", "Node module, relative to the app's folder")
    .option("--workers <count>", "number of workers, or auto: by cores (default: auto)")
    .option("--app-dir <dir>", "the app's folder (default: the current one)")
    .option("--python <command>", "Python of ASGI workers (default: python3)")
    .option("--host <host>", "address to listen on (default: 127.0.0.1)")
    .option("--port <port>", "port to listen on, 0 for any (default: 8000)")
    .option("--socket <path>", "unix socket to listen on, in place of a port")
    .option("--boot-timeout-ms <ms>", "a worker that isn't ready by then is killed (default: 60000)")
    .option("--liveness-timeout-ms <ms>", "longest silence of a worker's event loop (default: 30000)")
    .option("--drain-timeout-ms <ms>", "time for requests under way to end (default: 30000)")
    .addHelpText("after", SIGNALS)
    .action(async (flags: RunFlags) => {
      const { run } = await import("./run.ts");
      // Exits by itself then: whatever still holds the process open has nothing to say any more.
      process.exit(await run(flags));
    });
}

const SIGNALS = `
Signals: TERM and INT drain and stop, a second one forces; QUIT stops at once; HUP replaces the workers one by one;
TTIN and TTOU add and take away a worker.
Exit codes: 0 stopped as asked, 1 cannot start (socket taken, no permission), 2 wrong command line or manifest,
3 no worker became ready, 70 fault in the supervisor.
A socket that systemd passes (LISTEN_FDS) is used in place of --host, --port and --socket.`;
