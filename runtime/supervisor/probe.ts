/** Finds out from outside whether a command is ready, and lives: it has no shim that would say so. */
import net from "node:net";
import type { WorkerCommand } from "../manifest.ts";
import type { SlotAddress } from "../slots.ts";
import type { Watch } from "./spawn.ts";

/** Between two questions to a command that isn't ready yet. */
const BOOT_POLL_MS = 50;
/** An answer that takes longer is none; the next question may fare better. */
const ANSWER_MS = 5_000;

type ListeningCommand = WorkerCommand & { readonly kind: "command" };

/** @param beatMs between two probes of a ready command */
export function watchCommand(command: ListeningCommand, address: SlotAddress | null, beatMs: number): Watch {
  if (address === null) return readyAfter(command.readyAfterMs);
  const { probe } = command;
  return probe === undefined
    ? (told) =>
        repeat(
          () => connects(address),
          BOOT_POLL_MS,
          () => (told({ event: "ready", counts: null }), null),
        )
    : (told) => {
        let event: "ready" | "beat" = "ready";
        return repeat(
          () => answers(address, probe),
          BOOT_POLL_MS,
          () => {
            told({ event, counts: null });
            event = "beat";
            return beatMs;
          },
        );
      };
}

/** A command on an inherited socket can't be told from its siblings, and one without a socket can't be asked at all. */
function readyAfter(readyAfterMs: number): Watch {
  return (told) => {
    const timer = setTimeout(() => told({ event: "ready", counts: null }), readyAfterMs);
    return () => clearTimeout(timer);
  };
}

/**
 * Asks until told to end.
 * @param succeeded says how long to wait until the next question, null for no more
 */
function repeat(ask: () => Promise<boolean>, pollMs: number, succeeded: () => number | null): () => void {
  let ended = false;
  let timer: NodeJS.Timeout | undefined;
  const next = async (): Promise<void> => {
    const good = await ask();
    if (ended) return;
    const waitMs = good ? succeeded() : pollMs;
    if (waitMs !== null) timer = setTimeout(() => void next(), waitMs);
  };
  void next();
  return () => {
    ended = true;
    clearTimeout(timer);
  };
}

const where = (address: SlotAddress) => (address.kind === "port" ? { host: "127.0.0.1", port: address.port } : { path: address.path });

function connects(address: SlotAddress): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(where(address));
    const end = (good: boolean) => () => {
      resolve(good);
      socket.destroy();
    };
    socket.once("connect", end(true)).once("error", end(false)).setTimeout(ANSWER_MS, end(false));
  });
}

/** Anything below 500 shows that it lives. */
function answers(address: SlotAddress, path: string): Promise<boolean> {
  const target = address.kind === "port" ? { host: "127.0.0.1", port: address.port } : { socketPath: address.path };
  // An import would load all that Node offers beside it, for every supervisor: 12 MiB of memory.
  const http = process.getBuiltinModule("node:http");
  return new Promise((resolve) => {
    const request = http.get({ ...target, path, agent: false, timeout: ANSWER_MS, headers: { host: "localhost" } }, (response) => {
      response.resume();
      resolve((response.statusCode ?? 500) < 500);
    });
    request.once("timeout", () => request.destroy(new Error("no answer in time"))).once("error", () => resolve(false));
  });
}
