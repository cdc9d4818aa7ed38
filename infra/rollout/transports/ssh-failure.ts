/** What OpenSSH meant when it exited with 255. Pure. */
import type { TransportProblem } from "./connection.ts";

/** OpenSSH's own exit code, as against the remote command's: ssh(1), "EXIT STATUS". */
export const sshOwnExitCode = 255;

const meanings: readonly (readonly [RegExp, TransportProblem])[] = [
  [/host key verification failed|remote host identification has changed|no matching host key/i, "host-key"],
  [/permission denied|too many authentication failures|no such identity|load key|unprotected private key/i, "login"],
  [
    /timed out|refused|no route to host|network is unreachable|could not resolve|closed by remote host|banner exchange|connection reset|host is down|stdio forwarding failed|connection closed/i,
    "unreachable",
  ],
];

/** Sorts an ssh failure by its text; what isn't known counts as a connection that ended. */
export function sshProblem(stderr: string): TransportProblem {
  return meanings.find(([pattern]) => pattern.test(stderr))?.[1] ?? "ended";
}
