/** Which supervisors a user has: those with a socket in one of the user's folders. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { SupervisorStatus } from "../supervisor-report.ts";
import { askStatus, ControlFailure } from "./control-client.ts";
import { controlFolders, isTrusted, type User } from "./control-path.ts";
import { removeStaleSocket } from "./stale-socket.ts";

export type Instance =
  | { readonly path: string; readonly pid: number; readonly status: SupervisorStatus }
  /** There, but without an answer. */
  | { readonly path: string; readonly pid: number; readonly status: null; readonly why: string };

/** By pid. Sockets that nobody listens on are removed when their process is gone. @param folders others in tests */
export async function findInstances(user: User, folders: readonly string[] = controlFolders(user)): Promise<readonly Instance[]> {
  const sockets = folders.filter((folder) => isTrusted(folder, user.uid)).flatMap(socketsIn);
  const found = await Promise.all(sockets.map(askInstance));
  return found.filter((instance) => instance !== null).sort((first, second) => first.pid - second.pid);
}

interface Socket {
  readonly path: string;
  readonly pid: number;
}

function socketsIn(folder: string): Socket[] {
  return readdirSync(folder).flatMap((name) => {
    const pid = /^fleethost-(\d+)\.sock$/.exec(name)?.[1];
    return pid === undefined ? [] : [{ path: join(folder, name), pid: Number(pid) }];
  });
}

async function askInstance({ path, pid }: Socket): Promise<Instance | null> {
  try {
    return { path, pid, status: await askStatus(path) };
  } catch (error) {
    if (!(error instanceof ControlFailure)) throw error;
    if (error.trouble !== "absent" && error.trouble !== "gone") return { path, pid, status: null, why: error.message };
    // One that has bound its socket and does not listen yet refuses, too.
    if (!isThere(pid)) await removeStaleSocket(path);
    return null;
  }
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}
