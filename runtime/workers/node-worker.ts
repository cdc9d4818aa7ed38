/**
 * Runs inside a Node worker: `node-worker.ts --slot=N --beat-ms=N --drain-ms=N [--direct] MODULE`, with listening sockets
 * on descriptors 3 and (with --direct) 4, and the supervisor on 5. The working directory is the app's folder.
 */
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { Channel } from "./channel.ts";
import { Drain } from "./drain.ts";
import { adoptListening, listenOn, serverOf } from "./node-app.ts";

/** The same numbers as `workerFd` in supervisor/launch.ts. */
const LISTEN_FD = 3;
const DIRECT_FD = 4;
const CHANNEL_FD = 5;

/** What uvicorn exits with when a start fails. */
const BOOT_FAILED = 3;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    slot: { type: "string" },
    "beat-ms": { type: "string", default: "5000" },
    "drain-ms": { type: "string", default: "30000" },
    direct: { type: "boolean", default: false },
  },
});
const [module = ""] = positionals;

// Not supervised any more: nobody would stop this worker, and it would hold the socket.
const channel = new Channel(CHANNEL_FD, () => process.exit(1));

try {
  await main();
} catch (error) {
  console.error(error);
  process.exit(BOOT_FAILED);
}

async function main(): Promise<void> {
  const adopted = adoptListening(LISTEN_FD);
  const exported: unknown = await import(pathToFileURL(resolve(module)).href);
  const { server, close } = await serverOf(module, exported, adopted);
  const drain = new Drain(server, Number(values["drain-ms"]), () => channel.send("draining"));
  process.on("SIGTERM", () => {
    void drain
      .run()
      .then(close)
      .finally(() => process.exit(0));
  });
  if (!server.listening) await listenOn(server, LISTEN_FD);
  if (values.direct) await drain.alsoListen(DIRECT_FD);
  channel.send("ready");
  channel.beatEvery(Number(values["beat-ms"]));
}
