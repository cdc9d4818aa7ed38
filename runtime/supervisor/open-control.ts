/** Gives a supervisor its control socket: the one asked for, or the usual one if it can be had. */
import { resolve } from "node:path";
import { controlPath, makeControlFolder, type User } from "./control-path.ts";
import { serveControl } from "./control-server.ts";
import type { Controls } from "./controls.ts";
import { RunFailure } from "./exit.ts";
import type { Log } from "./log.ts";

export interface OpenControl {
  /** Null: it has none. */
  readonly path: string | null;
  /** See `serveControl`. */
  close(): Promise<void>;
}

export interface ControlSettings extends User {
  readonly pid: number;
  /** `--control`; undefined: the usual place. */
  readonly path: string | undefined;
}

/**
 * Without a socket of its own a supervisor still serves, so that the usual place (a container may be read-only) is no must: it
 * warns. One that was asked for, or that systemd made the folder for, is.
 *
 * @throws RunFailure
 */
export async function openControl(settings: ControlSettings, controls: Controls, log: Log["log"]): Promise<OpenControl> {
  const { env, uid, pid } = settings;
  if (settings.path !== undefined) return serve(resolve(settings.path), controls);
  const path = controlPath(env, pid, uid);
  if ((env.RUNTIME_DIRECTORY ?? "") !== "") return serve(path, controls);
  try {
    makeControlFolder(path, uid);
    return await serve(path, controls);
  } catch (error) {
    if (!(error instanceof RunFailure)) throw error;
    log("warning", `No control socket, so that fleethost status, reload and scale do not reach this supervisor: ${error.message}`);
    return { path: null, close: async () => {} };
  }
}

async function serve(path: string, controls: Controls): Promise<OpenControl> {
  return { path, close: await serveControl(path, controls) };
}
