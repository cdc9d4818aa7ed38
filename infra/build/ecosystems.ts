/** Which packages an app's release carries. */
import type { WorkerCommand } from "../../runtime/manifest.ts";
import { isFile } from "./entry.ts";
import { REQUIREMENTS } from "./requirements.ts";

export interface AppCode {
  dir: string;
  command: WorkerCommand;
}

/** Of an ASGI or WSGI app always; of a command if it has a requirements.txt. */
export function carriesPython({ dir, command }: AppCode): boolean {
  if (command.kind === "command") return isFile(dir, REQUIREMENTS);
  return command.kind === "asgi" || command.kind === "wsgi";
}

/** Of a Node app, and of a command; whether there are any is up to its package.json. */
export function carriesNode({ command }: AppCode): boolean {
  return command.kind === "node" || command.kind === "command";
}
