/** The options of `fleethost run`, and how a correct command line is read. Pure. */
import { parseArgs } from "node:util";
import type { RunFlags } from "./flags.ts";

interface OptionGroup {
  readonly heading: string;
  /** Name, and placeholder of its value if it takes one; and what it is for. */
  readonly options: readonly (readonly [flag: string, about: string])[];
}

export const optionGroups: readonly OptionGroup[] = [
  {
    heading: "What to run:",
    options: [
      ["--asgi <app>", "ASGI application, as module:attribute"],
      ["--wsgi <app>", "WSGI application, as module:attribute"],
      ["--node <module>", "Node module, relative to the app's folder"],
      ["--generation <dir>", "folder of a generation: manifest.json and the link `release`"],
      ["--app-dir <dir>", "the app's folder (default: the current one)"],
      ["--python <command>", "Python of ASGI and WSGI workers (default: python3)"],
      ["--listen <how>", "how a command takes connections: fd, port, socket or none (default: by its placeholder)"],
      ["--probe <path>", "asked of a command on its own port or socket; below 500 is alive (default: it only has to connect)"],
      ["--ready-after-ms <ms>", "a command that can't be probed is ready after this long (default: 1000)"],
      ["--slots <count>", "ports or sockets for a command's workers (default: 16)"],
    ],
  },
  {
    heading: "Where to listen:",
    options: [
      ["--host <host>", "address (default: 127.0.0.1)"],
      ["--port <port>", "port, 0 for any (default: 8000); with {port} the first slot's"],
      ["--socket <path>", "unix socket, in place of a port"],
      ["--fd <number>", "an inherited listening socket, in place of a port"],
    ],
  },
  {
    heading: "How many workers:",
    options: [
      ["--workers <count>", "number of workers, or auto: by cores (default: auto)"],
      ["--workers-per-core <factor>", "for auto (default: 1)"],
      ["--min-workers <count>", "lower bound of auto and of TTOU (default: 1)"],
      ["--max-workers <count>", "upper bound of auto and of TTIN"],
      ["--worker-memory-mib <MiB>", "memory budget of one worker: auto starts no more than fit"],
      ["--start-workers <count>", "start with fewer; `fleethost scale` brings the rest"],
    ],
  },
  {
    heading: "How long:",
    options: [
      ["--boot-timeout-ms <ms>", "a worker that isn't ready by then is killed (default: 60000)"],
      ["--liveness-timeout-ms <ms>", "longest silence of a worker's event loop (default: 30000)"],
      ["--drain-timeout-ms <ms>", "time for requests under way to end (default: 30000)"],
    ],
  },
  {
    heading: "When to replace a worker that works:",
    options: [
      ["--max-requests <count>", "after this many requests"],
      ["--max-requests-jitter <count>", "and up to this many more, by chance"],
      ["--max-memory-mib <MiB>", "when its memory (PSS) stays above this"],
      ["--max-lifetime-ms <ms>", "when it has been ready for this long"],
    ],
  },
  {
    heading: "What it says:",
    options: [
      ["--access-log", "a line for each request"],
      ["--log-format <format>", "auto, text, journal or json (default: auto)"],
      ["--control <path>", "socket for `fleethost status`, `reload` and `scale`"],
    ],
  },
];

const names = optionGroups.flatMap(({ options }) => options.map(([flag]) => flag.slice("--".length).split(" ", 2)));

/**
 * Reads what follows `fleethost run`. Null for what isn't a plain, correct command line, such as a question for help: commander
 * tells then what is wrong. It isn't asked first as it would stay in the supervisor's memory, with 1 MiB.
 */
export function readRunFlags(args: readonly string[]): RunFlags | null {
  const options = Object.fromEntries(
    names.map(([name = "", value]) => [name, { type: value === undefined ? "boolean" : "string" } as const]),
  );
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    const flags = Object.fromEntries(Object.entries(values).map(([name, value]) => [camelCase(name), value]));
    return positionals.length === 0 ? flags : { ...flags, command: positionals };
  } catch {
    return null;
  }
}

const camelCase = (name: string): string => name.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase());
