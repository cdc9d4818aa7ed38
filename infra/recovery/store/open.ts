/** Opens a store by its URL. */
import { isAbsolute, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { exitCodes, FleetError } from "../../errors.ts";
import { expandHome } from "../../rollout/transports/ssh-arguments.ts";
import { folderFiles } from "./folder.ts";
import { RecoveryStore } from "./store.ts";

/**
 * A folder (`/path`, `~/path`, `file:///path`), an SSH host (`ssh://user@host[:port]/path?hostKey=…`) or a bucket
 * (`s3://bucket/prefix?region=…&endpoint=…`). Nothing is asked of it yet.
 * @throws FleetError when it is none of these
 */
export async function openStore(url: string): Promise<RecoveryStore> {
  if (url.startsWith("file://")) return new RecoveryStore(folderFiles(fileURLToPath(url)));
  const path = expandHome(url);
  if (isAbsolute(path)) return new RecoveryStore(folderFiles(resolve(path)));
  throw new FleetError(`"${url}" is no store.`, {
    kept: "everything; nothing was read or written.",
    next: "name a folder (/mnt/store), an SSH host (ssh://user@host/path?hostKey=…) or a bucket (s3://bucket/prefix?region=…).",
    exitCode: exitCodes.usage,
  });
}
