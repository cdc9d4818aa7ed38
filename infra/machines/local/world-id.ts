import { createHash } from "node:crypto";
import { realpathSync } from "node:fs";

/** The set of local machines that a stack run from `folder` has for itself: two clones never share one. */
export function worldOf(folder: string, stack: string): string {
  const hash = createHash("sha256")
    .update(`${realpathSync(folder)}\0${stack}`)
    .digest("hex");
  return `${stack
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replace(/^-/, "")
    .slice(0, 16)}-${hash.slice(0, 8)}`;
}
