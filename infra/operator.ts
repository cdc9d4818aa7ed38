/** Who runs this, as machines write it into their histories. */
import { hostname, userInfo } from "node:os";

/** `user@computer`; who used sudo is named, not root. */
export function operator(environment: NodeJS.ProcessEnv = process.env): string {
  return `${environment.SUDO_USER ?? userName(environment)}@${hostname()}`;
}

function userName(environment: NodeJS.ProcessEnv): string {
  try {
    return userInfo().username;
  } catch {
    // A container's user may have no entry in its passwd.
    return environment.USER ?? String(process.getuid?.() ?? "somebody");
  }
}
