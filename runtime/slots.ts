/**
 * Addresses of workers that can't share a socket: a fixed number of slots, each with a port or a unix socket of its own,
 * numbered from 1. Pure; the agent renders them into Caddy's configuration once, the supervisor hands them to workers.
 *
 * Whoever wants an address claims it with a file of its own making in `claimed/`. Once the worker on it is ready, an empty
 * file of its number in `listed/` has Caddy choose it; that file goes away, and `DELIST_WAIT_MS` pass, before the worker is
 * told to end.
 */
import { join } from "node:path";
import type { WorkerCommand } from "./manifest.ts";

/** Where the apps' sockets are on a machine. The folder is nobody's RuntimeDirectory: that would delete them with a service. */
export const SOCKETS_FOLDER = "/run/fleetwright-sockets";

export const DEFAULT_SLOTS = 16;
export const DEFAULT_PORT_BASE = 20_000;

/**
 * How often Caddy looks at the files in `listed/`. A worker that died takes no new request after this long at the latest;
 * until then one that meets it is sent to another. Measured with 16 slots and Caddy idle: 0.9 % of a core, 1.4 % at 250 ms.
 */
export const LISTED_CHECK_MS = 500;

/** A look that takes longer counts as "not listed"; far above what one takes even on a busy machine. */
export const LISTED_CHECK_TIMEOUT_MS = 2_000;

/**
 * From the removal of a slot's file in `listed/` until its worker may be told to end: three times what Caddy needs to
 * see it, as looks come late on a busy machine. Measured over 16 replacements at 400 requests/s: 3 of 9711 were lost
 * without this wait (POSTs, on connections that the worker closed at that moment), 0 of 11292 with it.
 */
export const DELIST_WAIT_MS = 1_500;

/**
 * For how long Caddy keeps an idle connection to a worker with a slot. Shorter than any server we know of does (gunicorn:
 * 2 s, Node: 5 s): the request that is sent while the server closes the connection is lost if it is no GET.
 */
export const UPSTREAM_IDLE_MS = 1_000;

/** A slot's address: `host:port`, or the path of a unix socket. */
export type SlotAddress = { readonly kind: "port"; readonly port: number } | { readonly kind: "socket"; readonly path: string };

/** An app's slots, with every default filled in. */
export interface Slots {
  readonly listen: "port" | "socket";
  readonly count: number;
  /** Slot n has port `portBase + n`; Caddy answers its own questions for `listed/` on `portBase` itself. */
  readonly portBase: number;
  readonly folder: string;
}

/** Undefined for an app whose workers share one socket, or have none. */
export function slotsOf(app: string, command: WorkerCommand, socketsFolder = SOCKETS_FOLDER): Slots | undefined {
  if (command.kind !== "command" || (command.listen !== "port" && command.listen !== "socket")) return undefined;
  return {
    listen: command.listen,
    count: command.slots ?? DEFAULT_SLOTS,
    portBase: command.portBase ?? DEFAULT_PORT_BASE,
    folder: slotsFolder(app, socketsFolder),
  };
}

/** Where an app's slots have their sockets and files. */
export const slotsFolder = (app: string, socketsFolder = SOCKETS_FOLDER): string => join(socketsFolder, `${app}.slots`);

/** 1, 2, … count. */
export function slotNumbers({ count }: Pick<Slots, "count">): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}

/** @param slot from 1 to `count` */
export function slotAddress({ listen, portBase, folder }: Slots, slot: number): SlotAddress {
  return listen === "port" ? { kind: "port", port: portBase + slot } : { kind: "socket", path: join(folder, `${slot}.sock`) };
}

/** As reports show it: `127.0.0.1:20001`, or the socket's path. */
export function addressText(address: SlotAddress): string {
  return address.kind === "port" ? `127.0.0.1:${address.port}` : address.path;
}

/** The reverse of `addressText`; undefined for any other text. */
export function parseAddress(text: string): SlotAddress | undefined {
  if (text.startsWith("/")) return { kind: "socket", path: text };
  const port = /^127\.0\.0\.1:(\d{1,5})$/.exec(text)?.[1];
  return port === undefined ? undefined : { kind: "port", port: Number(port) };
}

/** Folder of the files that tell Caddy which slots to choose. */
export const listedFolder = ({ folder }: Pick<Slots, "folder">): string => join(folder, "listed");

/** Folder of the files that tell supervisors which slots are taken. */
export const claimedFolder = ({ folder }: Pick<Slots, "folder">): string => join(folder, "claimed");

/** While this file is there, Caddy sends requests to the slot. */
export const listedPath = (slots: Pick<Slots, "folder">, slot: number): string => join(listedFolder(slots), String(slot));

/** While this file is there, the slot belongs to the supervisor that made it. */
export const claimedPath = (slots: Pick<Slots, "folder">, slot: number): string => join(claimedFolder(slots), String(slot));
