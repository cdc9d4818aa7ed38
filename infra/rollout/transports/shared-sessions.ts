/**
 * SSH connections that all processes of one run share: the program that asks the machines, the rollout, the closing table. Each login is
 * a key exchange on both sides, and a run would do three a machine.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hashOf } from "../../../runtime/manifest.ts";
import type { SshTransport } from "../../machines/machine.ts";

/** Names the folder of the connections' sockets to the processes that a run starts. */
export const SESSIONS_VARIABLE = "FLEETWRIGHT_SSH_SESSIONS";

const FOLDER_PREFIX = "fleetwright-mux-";

/** A rollout that outlives a killed run still needs its folder, for as long as it takes to put machines back. */
const KEEP_MS = 3_600_000;

/** A unix socket's address has room for 103 bytes on macOS (unix(4)), and OpenSSH first binds it under a name that is 17 longer. */
const LONGEST_PATH = 103 - 17;

/** 72 bits: whoever finds a connection under this name takes it for the machine's, whose host key was checked when it was made. */
const NAME_LENGTH = 12;

/** The run's own folder, which nobody else may read or write; undefined where no connections are shared. */
export function sessionsFolder(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const folder = env[SESSIONS_VARIABLE];
  return folder && isOwn(folder) ? folder : undefined;
}

/** Where the shared connection to a machine is; undefined where none are shared. */
export function sharedControl(transport: SshTransport, env: NodeJS.ProcessEnv = process.env): string | undefined {
  const folder = sessionsFolder(env);
  if (folder === undefined) return undefined;
  const name = Buffer.from(hashOf(transport), "hex").toString("base64url").slice(0, NAME_LENGTH);
  const path = join(folder, name);
  return Buffer.byteLength(path) > LONGEST_PATH ? undefined : path;
}

/** Whoever may write there could answer for a machine. */
function isOwn(folder: string): boolean {
  const found = statSync(folder, { throwIfNoEntry: false });
  return found?.isDirectory() === true && found.uid === process.getuid?.() && (found.mode & 0o077) === 0;
}

/**
 * From now on the processes that this one starts share their connections, as does this one.
 * @returns what ends them, to be called when no rollout is left; without it, each ends when it was idle for a minute
 */
export function shareSessions(): () => void {
  if (process.env[SESSIONS_VARIABLE] || process.getuid === undefined) return () => undefined;
  forgetOld();
  const folder = mkdtempSync(join(tmpdir(), FOLDER_PREFIX));
  process.env[SESSIONS_VARIABLE] = folder;
  return () => {
    delete process.env[SESSIONS_VARIABLE];
    const sockets = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isSocket());
    // The destination is not looked at.
    for (const { name } of sockets) spawnSync("ssh", ["-F", "none", "-O", "exit", "-S", join(folder, name), "-"], { stdio: "ignore" });
    rmSync(folder, { recursive: true, force: true });
  };
}

function forgetOld(): void {
  for (const path of readdirSync(tmpdir())
    .filter((name) => name.startsWith(FOLDER_PREFIX))
    .map((name) => join(tmpdir(), name))) {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found?.uid === process.getuid?.() && found !== undefined && Date.now() - found.mtimeMs > KEEP_MS)
      rmSync(path, { recursive: true, force: true });
  }
}
