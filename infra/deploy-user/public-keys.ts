/** Reads public keys as `ssh-keygen` writes them. Pure. */
import { exitCodes, FleetError } from "../errors.ts";

const KEY = /^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)|sk-ssh-ed25519@openssh\.com|sk-ecdsa-sha2-nistp256@openssh\.com) [A-Za-z0-9+/]+=*( [ -~]*)?$/;

/**
 * The keys in a file, one a line; comments and empty lines are left out.
 * @throws FleetError when a line is no public key, or has options before it: those are the gate's to set
 */
export function publicKeys(path: string, text: string): string[] {
  const lines = text.split(/\r?\n/).map((line) => line.trim()).filter((line) => line !== "" && !line.startsWith("#"));
  const wrong = lines.findIndex((line) => !KEY.test(line));
  if (wrong === -1 && lines.length > 0) return lines;
  const what = /PRIVATE KEY/.test(text) ? "is a private key" : lines.length === 0 ? "is empty" : `has a line ${wrong + 1} that is no public key`;
  throw new FleetError(`${path} ${what}.`, {
    kept: "everything; nothing was touched.",
    next: 'give the public half, as "ssh-keygen -t ed25519" writes it to a file ending in .pub: "ssh-ed25519 AAAA… comment".',
    exitCode: exitCodes.usage,
  });
}
