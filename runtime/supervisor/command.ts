/** `fleethost run` on the command line. What it does is loaded only when it is asked for. */
import type { Command } from "commander";
import type { RunFlags } from "./flags.ts";

export function registerRun(program: Command): void {
  program
    .command("run")
    .description("Start an app's workers and keep them: on a machine a generation, by hand any app or command.")
    .argument("[command...]", 'after "--": a command; {fd}, {port}, {socket} and {slot} in it are replaced')
    .optionsGroup("What to run:")
    .option("--asgi <app>", "ASGI application, as module:attribute")
    .option("--wsgi <app>", "WSGI application, as module:attribute")
    .option("--node <module>", "Node module, relative to the app's folder")
    .option("--generation <dir>", "folder of a generation: manifest.json and the link `release`")
    .option("--app-dir <dir>", "the app's folder (default: the current one)")
    .option("--python <command>", "Python of ASGI and WSGI workers (default: python3)")
    .option("--listen <how>", "how a command takes connections: fd, port, socket or none (default: by its placeholder)")
    .option("--probe <path>", "asked of a command on its own port or socket; below 500 is alive (default: it only has to connect)")
    .option("--ready-after-ms <ms>", "a command that can't be probed is ready after this long (default: 1000)")
    .option("--slots <count>", "ports or sockets for a command's workers (default: 16)")
    .optionsGroup("Where to listen:")
    .option("--host <host>", "address (default: 127.0.0.1)")
    .option("--port <port>", "port, 0 for any (default: 8000); with {port} the first slot's")
    .option("--socket <path>", "unix socket, in place of a port")
    .option("--fd <number>", "an inherited listening socket, in place of a port")
    .optionsGroup("How many workers:")
    .option("--workers <count>", "number of workers, or auto: by cores (default: auto)")
    .option("--workers-per-core <factor>", "for auto (default: 1)")
    .option("--min-workers <count>", "lower bound of auto and of TTOU (default: 1)")
    .option("--max-workers <count>", "upper bound of auto and of TTIN")
    .option("--worker-memory-mib <MiB>", "memory budget of one worker: auto starts no more than fit")
    .option("--start-workers <count>", "start with fewer; `fleethost scale` brings the rest")
    .optionsGroup("How long:")
    .option("--boot-timeout-ms <ms>", "a worker that isn't ready by then is killed (default: 60000)")
    .option("--liveness-timeout-ms <ms>", "longest silence of a worker's event loop (default: 30000)")
    .option("--drain-timeout-ms <ms>", "time for requests under way to end (default: 30000)")
    .optionsGroup("When to replace a worker that works:")
    .option("--max-requests <count>", "after this many requests")
    .option("--max-requests-jitter <count>", "and up to this many more, by chance")
    .option("--max-memory-mib <MiB>", "when its memory (PSS) stays above this")
    .option("--max-lifetime-ms <ms>", "when it has been ready for this long")
    .optionsGroup("What it says:")
    .option("--access-log", "a line for each request")
    .option("--log-format <format>", "auto, text, journal or json (default: auto)")
    .option("--control <path>", "socket for `fleethost status`, `reload` and `scale`")
    .addHelpText("after", SIGNALS)
    .action(async (command: string[], flags: RunFlags) => {
      const { run } = await import("./run.ts");
      // Exits by itself then: whatever still holds the process open has nothing to say any more.
      process.exit(await run(command.length === 0 ? flags : { ...flags, command }));
    });
}

const SIGNALS = `
Signals: TERM and INT drain and stop, a second one forces; QUIT stops at once; HUP replaces the workers one by one;
TTIN and TTOU add and take away a worker.
Exit codes: 0 stopped as asked, 1 cannot start (socket taken, no permission), 2 wrong command line or manifest,
3 no worker became ready, 4 every worker failed again and again, 70 fault in the supervisor.
A socket that systemd passes (LISTEN_FDS) is used in place of --host, --port, --socket and --fd.`;
