/** The app that a fleet serves, as far as it is known from its folder alone. */
import { resolve } from "node:path";
import type { WorkerCommand } from "../../runtime/manifest.ts";
import { detectCommand, type Given } from "./detect.ts";

export interface App {
  /** Names units, folders and a system user on the machines. */
  name: string;
  /** Absolute. */
  dir: string;
  command: WorkerCommand;
}

/**
 * Resolves the folder and finds the entry.
 * @throws FleetError when the folder or its entry module is missing
 */
export function checkApp(name: string, config: Given & { dir: string }): App {
  const dir = resolve(config.dir);
  return { name, dir, command: detectCommand(dir, config) };
}
