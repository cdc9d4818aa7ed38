/** Opens a store by its URL. */
import { exitCodes, FleetError } from "../../errors.ts";
import type { StoreFiles } from "./files.ts";
import { RecoveryStore } from "./store.ts";
import { parseStoreUrl, type StoreAddress } from "./url.ts";

/**
 * A folder (`/path`, `~/path`, `file:///path`), an SSH host (`ssh://user@host[:port]/path?hostKey=…`) or a bucket
 * (`s3://bucket/prefix?region=…&endpoint=…`). Nothing is asked of it yet.
 * @throws FleetError when it is none of these
 */
export async function openStore(url: string): Promise<RecoveryStore> {
  const address = parseStoreUrl(url);
  if (address.kind !== "wrong") return new RecoveryStore(await filesAt(address, url));
  throw new FleetError(`"${url}" is no store: ${address.problem}.`, {
    kept: "everything; nothing was read or written.",
    exitCode: exitCodes.usage,
  });
}

/** Each loads only what it needs: the client for S3 is a large one. */
async function filesAt(address: StoreAddress, url: string): Promise<StoreFiles> {
  switch (address.kind) {
    case "folder":
      return (await import("./folder.ts")).folderFiles(address.path);
    case "ssh":
      return (await import("./ssh.ts")).sshFiles(address, url);
    case "s3":
      return (await import("./s3.ts")).bucketFiles(address, url);
  }
}
