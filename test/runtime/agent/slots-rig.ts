/** The real Caddy with a rendered configuration in a temporary folder, and real servers on slots; the test plays the supervisor. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type NetConnectOpts } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { caddyBinary } from "../../../infra/offline/caddy.ts";
import type { WorkerCommand } from "../../../runtime/manifest.ts";
import { claimedFolder, DELIST_WAIT_MS, listedFolder, listedPath, type Slots, slotAddress, slotsOf } from "../../../runtime/slots.ts";
import { until } from "../../support/poll.ts";
import { socketsFolder, startCaddy } from "./caddy-process.ts";
import { sampleManifest } from "./sample-manifest.ts";

export interface Rig extends AsyncDisposable {
  slots: Slots;
  /** Where Caddy takes plain HTTP. */
  port: number;
  caddy: ChildProcess;
  /** Caddy's lines so far. */
  log(): string;
  start(slot: number): Promise<ChildProcess>;
  list(slot: number): void;
  delist(slot: number): void;
  /** As a supervisor does it: the new worker first, then the old one off the list, the wait, and TERM. */
  replace(from: number, to: number, options?: { waitMs?: number }): Promise<void>;
  worker(slot: number): ChildProcess;
}

/** @param change of the rendered configuration, to try another one */
export async function startRig(listen: "port" | "socket", change: (config: string) => string = (config) => config): Promise<Rig> {
  const binary = await caddyBinary(process.arch === "arm64" ? "arm64" : "x64", { say: () => undefined });
  // From here on nothing fails that would leave the folder behind.
  const root = mkdtempSync(join(tmpdir(), "fw-slots-"));
  const sockets = socketsFolder(root);
  const port = await freePort();
  const command: WorkerCommand = { kind: "command", argv: ["app"], listen, readyAfterMs: 1, portBase: await freeBase() };
  const slots = slotsOf("shop", command, sockets);
  if (slots === undefined) throw new Error("no slots");
  const manifest = sampleManifest({ https: { mode: "none", httpPort: port } });
  manifest.app.processes[0].command = command;
  for (const folder of [listedFolder(slots), claimedFolder(slots)]) mkdirSync(folder, { recursive: true });
  const { caddy, log } = startCaddy(binary, root, manifest, change);
  const workers = new Map<number, ChildProcess>();
  const rig: Rig = {
    slots,
    port,
    caddy,
    log,
    worker: (slot) => {
      const worker = workers.get(slot);
      if (worker === undefined) throw new Error(`nothing runs on slot ${slot}`);
      return worker;
    },
    start: async (slot) => {
      const worker = startWorker(slots, slot);
      workers.set(slot, worker);
      await until(`slot ${slot} takes connections`, () => canConnect(optionsOf(slots, slot)), 10_000);
      return worker;
    },
    list: (slot) => writeFileSync(listedPath(slots, slot), ""),
    delist: (slot) => rmSync(listedPath(slots, slot)),
    replace: async (from, to, { waitMs = DELIST_WAIT_MS } = {}) => {
      const old = rig.worker(from);
      await rig.start(to);
      rig.list(to);
      rig.delist(from);
      await sleep(waitMs);
      await end(old, "SIGTERM");
      workers.delete(from);
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([caddy, ...workers.values()].map((process) => end(process, "SIGKILL")));
      rmSync(root, { recursive: true, force: true });
    },
  };
  await until("Caddy answers", () => canConnect({ port, host: "127.0.0.1" }), 10_000);
  return rig;
}

function startWorker(slots: Slots, slot: number): ChildProcess {
  const address = slotAddress(slots, slot);
  const where = address.kind === "port" ? { PORT: String(address.port) } : { SOCKET: address.path };
  if (address.kind === "socket") rmSync(address.path, { force: true });
  return spawn(process.execPath, [join(import.meta.dirname, "slots-app.mjs")], {
    env: { ...process.env, ...where },
    stdio: ["ignore", "ignore", "inherit"],
  });
}

function optionsOf(slots: Slots, slot: number): NetConnectOpts {
  const address = slotAddress(slots, slot);
  return address.kind === "port" ? { port: address.port, host: "127.0.0.1" } : { path: address.path };
}

export async function canConnect(options: NetConnectOpts): Promise<boolean> {
  const socket = connect(options);
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

export async function end(process: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (process.exitCode !== null || process.signalCode !== null) return;
  const exited = once(process, "exit");
  process.kill(signal);
  await exited;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

/** Below the ports that outgoing connections take by themselves. */
async function freeBase(): Promise<number> {
  for (let base = 20_000 + (process.pid % 600) * 20; base < 32_700; base += 20) {
    const tried = await Promise.all(Array.from({ length: 17 }, (_, n) => canConnect({ port: base + n, host: "127.0.0.1" })));
    if (!tried.some(Boolean)) return base;
  }
  throw new Error("no 17 free ports in a row");
}
