/**
 * Runs inside a Node worker, with listening sockets on descriptors 3 and (with --direct) 4, and the supervisor on 5:
 *
 *     node-worker.ts --slot=N --beat-ms=N --drain-ms=N [--max-requests=N] [--access-log] [--direct] MODULE
 *
 * The working directory is the app's folder. The supervisor hears `ready`, `beat` (with counts), `spent` (that many requests
 * were answered; it serves on) and `draining`. A failed start is exit code 3.
 */
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { logAccess } from "./access-log.ts";
import { Channel } from "./channel.ts";
import { Drain, sayClose } from "./drain.ts";
import { Adoption, leaveTimingToProxy, listenOn } from "./listening.ts";
import { serverOf } from "./node-app.ts";
import { onTerm } from "./term.ts";
import { Traffic } from "./traffic.ts";

/** The same numbers as `workerFd` in supervisor/launch.ts. */
const LISTEN_FD = 3;
const DIRECT_FD = 4;
const CHANNEL_FD = 5;

/** What uvicorn exits with when a start fails. */
const BOOT_FAILED = 3;

/**
 * Longer than a proxy in front keeps an idle connection (AWS's balancers: 60 s), so that it is the proxy that closes, and
 * never sends a request into a connection that is just being closed here.
 */
const KEEP_ALIVE_MS = 75_000;

interface Served {
  readonly drain: Drain;
  readonly close: () => Promise<unknown>;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    slot: { type: "string" },
    "beat-ms": { type: "string", default: "5000" },
    "drain-ms": { type: "string", default: "30000" },
    "max-requests": { type: "string", default: "Infinity" },
    "access-log": { type: "boolean", default: false },
    direct: { type: "boolean", default: false },
  },
});
const [module = ""] = positionals;

// Not supervised any more: nobody would stop this worker, and it would hold the socket.
const channel = new Channel(CHANNEL_FD, () => process.exit(1));

let state: "booting" | "serving" | "draining" = "booting";
process.on("exit", (code) => {
  if (state !== "booting" || code !== 0) return;
  console.error(`${module}: not started, because it ended the process`);
  process.exitCode = BOOT_FAILED;
});

try {
  await main();
} catch (error) {
  console.error(error);
  process.exit(BOOT_FAILED);
}

async function main(): Promise<void> {
  const traffic = new Traffic(
    (response) => state === "draining" && sayClose(response),
    Number(values["max-requests"]),
    () => channel.send("spent"),
  );
  // Before the app's module is loaded: it may listen at once.
  const adoption = adopting(traffic);
  let app: Served | undefined;
  const listenToTerm = onTerm(
    () => drain(app),
    async () => {
      await app?.close();
      process.exit(0);
    },
  );
  const exported: unknown = await import(pathToFileURL(resolve(module)).href);
  const { server, close } = await serverOf(module, exported, adoption);
  app = { drain: new Drain(server, traffic), close };
  listenToTerm();
  if (!server.listening) await listenOn(server, LISTEN_FD);
  leaveTimingToProxy(server);
  if (values.direct) await app.drain.alsoListen(DIRECT_FD);
  if (state !== "booting") return;
  state = "serving";
  channel.send("ready");
  channel.beatEvery(Number(values["beat-ms"]), () => traffic.counts());
}

/** Prepares each server that the app makes. */
function adopting(traffic: Traffic): Adoption {
  return new Adoption(LISTEN_FD, (server) => {
    server.keepAliveTimeout = KEEP_ALIVE_MS;
    traffic.watch(server);
    if (values["access-log"]) logAccess(server);
  });
}

async function drain(app: Served | undefined): Promise<void> {
  // Not even listening yet, so that nobody waits for an answer.
  if (app === undefined) process.exit(BOOT_FAILED);
  state = "draining";
  app.drain.close();
  channel.send("draining");
  await app.drain.run(Number(values["drain-ms"]));
  channel.release();
}
