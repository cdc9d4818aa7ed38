// A recovery store as far as it can be read before any package is there. Plain JavaScript that needs Node 20: the programs of the computer
// and Node's own modules stand in for the clients that are packages. The URLs are those of infra/recovery/store/url.ts.
import { bucketStore } from "./bucket.mjs";
import { folderStore } from "./folder.mjs";
import { sshStore } from "./ssh.mjs";

/**
 * @typedef {object} BareStore
 * @property {() => Promise<string[]>} sets names of all sets' files, below `sets/`
 * @property {(name: string) => Promise<Buffer>} bytes of a small file
 * @property {(name: string, target: string) => Promise<string>} fetch brings a file here, and says where: to `target`, or where it lies
 *   already. What is in it, the caller verifies.
 */

/**
 * Nothing is asked of it yet.
 * @param {string} from its URL, or a folder's path
 * @returns {BareStore}
 * @throws {Error} for people, when it is no store's URL or lacks what it needs
 */
export function openBareStore(from) {
  const [, scheme] = /^([a-z0-9]+):\/\//.exec(from) ?? [];
  switch (scheme) {
    case undefined:
    case "file":
      return folderStore(from);
    case "ssh":
      return sshStore(new URL(from));
    case "s3":
      return bucketStore(new URL(from));
    default:
      throw new Error(`"${scheme}" is no kind of store: it is a folder, ssh://… or s3://…`);
  }
}
