/**
 * Sockets that workers listen on. The supervisor binds them, or gets them from systemd, and never accepts: a connection
 * that it took would be lost with nobody to answer it.
 */
import { spawnSync } from "node:child_process";
import { lookup } from "node:dns/promises";
import { chmodSync, readlinkSync, unlinkSync } from "node:fs";
import net from "node:net";
import { getSystemErrorName } from "node:util";
import { RunFailure, supervisorExit } from "./exit.ts";
import { BACKLOG } from "./launch.ts";
import type { ListenAt } from "./options.ts";

export interface BoundSocket {
  readonly fd: number;
  /** For people: where it is. */
  readonly where: string;
  /** Closes it here, and removes a unix socket's file that was made here. Once is enough, more often does no harm. */
  close(): void;
}

/** sd_listen_fds(3): the first descriptor that systemd passes. */
const FIRST_SYSTEMD_FD = 3;

/**
 * The socket that systemd has passed, else one bound here.
 *
 * @throws RunFailure when it can't be bound
 */
export async function openSocket(at: ListenAt, env: NodeJS.ProcessEnv, pid: number): Promise<BoundSocket> {
  if (hasSystemdSocket(env, pid)) return inherited(FIRST_SYSTEMD_FD, "the socket of systemd");
  if (at.kind === "fd") return inherited(at.fd, `descriptor ${at.fd}`);
  return at.kind === "tcp" ? bindTcp(at.host, at.port) : bindUnix(at.path);
}

/** The descriptors of those that were made by others. */
export function inheritedSockets(at: ListenAt, env: NodeJS.ProcessEnv, pid: number): readonly number[] {
  return [...(hasSystemdSocket(env, pid) ? [FIRST_SYSTEMD_FD] : []), ...(at.kind === "fd" ? [at.fd] : [])];
}

/** @throws RunFailure when the descriptor is no socket */
function inherited(fd: number, where: string): BoundSocket {
  const name = linkOf(`/proc/self/fd/${fd}`);
  if (!name.startsWith("socket:")) {
    throw new RunFailure(supervisorExit.cannotStart, `${where} is no socket (${name}); whoever starts fleethost must pass one`);
  }
  const handle = createHandle("", 0, 0, fd);
  if (typeof handle === "number") return cannotListen(where, getSystemErrorName(handle));
  handle.setNoDelay?.(true);
  return { fd, where, close: () => handle.close() };
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "nothing is there";
  }
}

/** LISTEN_PID names another process when the variables were only inherited: then descriptor 3 is something else. */
export function hasSystemdSocket(env: NodeJS.ProcessEnv, pid: number): boolean {
  return env.LISTEN_PID === String(pid) && Number(env.LISTEN_FDS) >= 1;
}

/** @param mode of the file; who may write to it may connect */
export async function bindUnix(path: string, mode = 0o660): Promise<BoundSocket> {
  const handle = (await bindUnlessTaken(path)) ?? cannotListen(path, "EADDRINUSE");
  chmodSync(path, mode);
  return { fd: handle.fd, where: path, close: () => handle.close() };
}

async function bindUnlessTaken(path: string): Promise<BoundHandle | null> {
  const first = createHandle(path, -1, -1);
  if (typeof first !== "number") return first;
  const name = getSystemErrorName(first);
  if (name !== "EADDRINUSE") return cannotListen(path, name);
  if (await answers(path)) return null;
  // Left over by a process that was killed: nobody listens on it any more, nor ever will.
  unlinkSync(path);
  const second = createHandle(path, -1, -1);
  return typeof second === "number" ? cannotListen(path, getSystemErrorName(second)) : second;
}

async function bindTcp(host: string, port: number): Promise<BoundSocket> {
  const { address, family } = await lookup(host).catch(() => cannotListen(host, "ENOTFOUND"));
  const handle = createHandle(address, port, family);
  if (typeof handle === "number") return cannotListen(`${host}:${port}`, getSystemErrorName(handle));
  const bound: { address?: string; port?: number } = {};
  // libuv keeps a failed bind to itself until one listens; asking for the name is what brings it out.
  const error = handle.getsockname?.(bound) ?? 0;
  if (error !== 0) return cannotListen(`${host}:${port}`, getSystemErrorName(error));
  handle.setNoDelay?.(true);
  const shownHost = family === 6 ? `[${bound.address}]` : bound.address;
  return { fd: handle.fd, where: `http://${shownHost}:${bound.port}`, close: () => handle.close() };
}

/**
 * Has the kernel queue connections on a bound socket, as programs that are handed one expect (sd_listen_fds(3)). A shim does
 * so by itself. Node can't do it here without accepting as well, so another one does, and ends before it could.
 */
export function startListening({ fd, where }: BoundSocket): void {
  const script = `require("node:net").createServer().listen({ fd: 3 }, ${BACKLOG}, () => process.exit())`;
  const { status, stderr } = spawnSync(process.execPath, ["-e", script], { stdio: ["ignore", "ignore", "pipe", fd], encoding: "utf8" });
  if (status === 0) return;
  throw new RunFailure(supervisorExit.cannotStart, `cannot listen on ${where}: ${stderr.trim()}`);
}

interface BoundHandle {
  readonly fd: number;
  close(): void;
  getsockname?(out: { address?: string; port?: number }): number;
  setNoDelay?(on: boolean): number;
}

/**
 * Node has no public way to bind without listening; this is what its own `cluster` module binds with.
 * TCP_NODELAY of a listening socket is inherited by the connections that are accepted from it. uvicorn doesn't set it on a
 * socket that it was given (uvicorn issue 3149), so it is set here.
 */
const createHandle = (
  net as unknown as { _createServerHandle(address: string, port: number, family: number, fd?: number): BoundHandle | number }
)._createServerHandle;

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const client = net.connect(path);
    client.once("connect", () => resolve(true));
    // A full queue (EAGAIN) has somebody behind it as well.
    client.once("error", (error: NodeJS.ErrnoException) => resolve(error.code !== "ECONNREFUSED"));
    client.once("connect", () => client.destroy());
  });
}

const meanings: Readonly<Record<string, string>> = {
  EADDRINUSE: "something else listens there",
  EACCES: "this user is not allowed to",
  EADDRNOTAVAIL: "this computer has no such address",
  ENOTFOUND: "there is no such host",
  ENOENT: "its folder does not exist",
};

function cannotListen(where: string, code: string): never {
  throw new RunFailure(supervisorExit.cannotStart, `cannot listen on ${where}: ${meanings[code] ?? "it failed"} (${code})`);
}
