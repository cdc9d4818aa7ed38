/** Where a supervisor's control socket is. */
import { lstatSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { RunFailure, supervisorExit } from "./exit.ts";

/** Who asks, and in which surroundings. */
export interface User {
  readonly env: NodeJS.ProcessEnv;
  readonly uid: number;
}

export const thisUser = (): User => ({ env: process.env, uid: process.getuid?.() ?? 0 });

/** The control socket of the supervisor with this pid: systemd's folder for it when there is one, else one of the user's. Pure. */
export function controlPath(env: NodeJS.ProcessEnv, pid: number, uid: number): string {
  const systemd = env.RUNTIME_DIRECTORY?.split(":")[0] ?? "";
  return systemd === "" ? join(ownFolder({ env, uid }), `fleethost-${pid}.sock`) : join(systemd, "status.sock");
}

/** Where the user's supervisors make their sockets. Pure. */
function ownFolder({ env, uid }: User): string {
  const session = env.XDG_RUNTIME_DIR ?? "";
  if (session !== "") return join(session, "fleethost");
  return uid === 0 ? "/run/fleethost" : `/tmp/fleethost-${uid}`;
}

/** Where to look: a supervisor may have been started in other surroundings (sudo, cron, a session) than one asks from. Pure. */
export function controlFolders({ env, uid }: User): readonly string[] {
  const others = uid === 0 ? ["/run/fleethost"] : [];
  return [...new Set([ownFolder({ env, uid }), `/run/user/${uid}/fleethost`, ...others, `/tmp/fleethost-${uid}`])];
}

/**
 * Makes the folder of a control socket that was not chosen by hand; in `/tmp` anybody may have made one by that name.
 * @throws RunFailure when it can't be made, or others could put something into it
 */
export function makeControlFolder(path: string, uid: number): void {
  const folder = dirname(path);
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== "EEXIST") throw new RunFailure(supervisorExit.cannotStart, `cannot make the folder ${folder}: ${message}`);
  }
  if (isTrusted(folder, uid)) return;
  const why = `${folder} is not a folder that only this user can write to; remove it, or choose a socket with --control`;
  throw new RunFailure(supervisorExit.cannotStart, why);
}

/** The user's own folder, no link to one, and with no way in for others. */
export function isTrusted(folder: string, uid: number): boolean {
  const found = lstatSync(folder, { throwIfNoEntry: false });
  return found !== undefined && found.isDirectory() && found.uid === uid && (found.mode & 0o022) === 0;
}
