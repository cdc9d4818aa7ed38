/** The app that a fleet serves, as far as it is known from its folder alone. */
import { basename, resolve } from "node:path";
import { nameSchema, type WorkerCommand } from "../../runtime/manifest.ts";
import { FleetError } from "../errors.ts";
import { detectCommand, type Given } from "./detect.ts";

export interface App {
  /** Names units, folders and a system user on the machines. */
  name: string;
  /** Absolute. */
  dir: string;
  command: WorkerCommand;
}

/**
 * Resolves the folder, the name (else the folder's) and the entry.
 * @throws FleetError when the folder or its entry module is missing
 */
export function checkApp(config: Given & { dir: string; name?: string | undefined }): App {
  const dir = resolve(config.dir);
  const command = detectCommand(dir, config);
  return { name: config.name ?? nameOf(dir), dir, command };
}

function nameOf(dir: string): string {
  const name = basename(dir).toLowerCase().replaceAll(/[^a-z0-9]+/g, "-").slice(0, 24).replaceAll(/^-+|-+$/g, "");
  const parsed = nameSchema.safeParse(name);
  if (parsed.success) return parsed.data;
  throw new FleetError(`No name for the app comes from its folder "${basename(dir)}": expected ${parsed.error.issues[0]?.message}.`, {
    kept: "everything; nothing was created.",
    next: 'Set "app.name".',
  });
}
