/** What `fleethost reload`, `scale` and `status` do once the command line is understood: texts out, exit codes back. */
import type { Outcome } from "../supervisor-report.ts";
import { askReload, askScale, askStatus, ControlFailure } from "./control-client.ts";
import type { User } from "./control-path.ts";
import { findInstances, type Instance } from "./instances.ts";
import { listInstances } from "./status-text.ts";

/** Exit codes of `fleethost reload` and `fleethost scale`; those below 5 mean the same as in the agent's commands. */
export const askExit = {
  ok: 0,
  /** It failed, or the supervisor could not be asked. */
  failed: 1,
  /** A wrong command line, or it doesn't say which of several supervisors is meant. */
  usage: 2,
  /** No outcome yet; it goes on. */
  timeout: 5,
  /** By Ctrl-C; it goes on. */
  interrupted: 130,
} as const;

export type AskExit = (typeof askExit)[keyof typeof askExit];

/** Which supervisor is meant. */
export interface Choice {
  readonly control?: string;
  readonly pid?: number;
}

/** What the caller asks for: with a path, the outcome. */
type Ask = (path: string) => Promise<Outcome>;

export interface Terminal {
  out(text: string): void;
  err(text: string): void;
}

export const reload =
  (timeoutMs: number): Ask =>
  (path) =>
    askReload(path, timeoutMs);

export const scale =
  (workers: number, timeoutMs: number): Ask =>
  (path) =>
    askScale(path, workers, timeoutMs);

/**
 * Asks the supervisor that is meant, and tells the outcome.
 * @param folders where to look for it, see `controlFolders`
 */
export async function askOne(choice: Choice, ask: Ask, folders: readonly string[], user: User, terminal: Terminal): Promise<AskExit> {
  const path = choice.control ?? (await chosenPath(choice.pid, folders, user, terminal));
  if (path === null) return askExit.usage;
  try {
    const { ok, text } = await ask(path);
    (ok ? terminal.out : terminal.err)(`${text}\n`);
    return ok ? askExit.ok : askExit.failed;
  } catch (error) {
    if (!(error instanceof ControlFailure)) throw error;
    const timedOut = error.trouble === "timeout";
    terminal.err(`${error.message}${timedOut ? "; what was asked for goes on: see fleethost status" : ""}\n`);
    return timedOut ? askExit.timeout : askExit.failed;
  }
}

/** Null, and told, when it isn't exactly one. */
async function chosenPath(pid: number | undefined, folders: readonly string[], user: User, { err }: Terminal): Promise<string | null> {
  const found = await findInstances(user, folders);
  const meant = pid === undefined ? found : found.filter((instance) => instance.pid === pid);
  const [first, ...others] = meant;
  if (first !== undefined && others.length === 0) return first.path;
  err(first === undefined ? noneText(pid, found, folders) : `Several supervisors run; say which one:\n${listInstances(meant)}`);
  return null;
}

function noneText(pid: number | undefined, found: readonly Instance[], folders: readonly string[]): string {
  if (found.length > 0) return `No supervisor has pid ${pid}; there are:\n${listInstances(found)}`;
  const which = pid === undefined ? "" : ` with pid ${pid}`;
  return `No supervisor of this user${which} was found (in ${folders.join(", ")}). Name its socket with --control.\n`;
}

/** The supervisor on that socket, or all that this user has. @throws ControlFailure when that one can't be asked */
export async function supervisorsOf(user: User, control?: string): Promise<readonly Instance[]> {
  if (control === undefined) return findInstances(user);
  const status = await askStatus(control);
  return [{ path: control, pid: status.pid, status }];
}
