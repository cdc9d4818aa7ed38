/** Reads public keys as `ssh-keygen` writes them. Pure. */
import { exitCodes, FleetError } from "../errors.ts";

/** sk-…: kept in a hardware token. */
const TYPES = "ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)|sk-ssh-ed25519@openssh\\.com|sk-ecdsa-sha2-nistp256@openssh\\.com";
const KEY = new RegExp(`^(${TYPES}) [A-Za-z0-9+/]+=*( [ -~]*)?$`);

/**
 * The keys in a file, one a line; comments and empty lines are left out.
 * @throws FleetError when a line is no public key, or has options before it: those are the gate's to set
 */
export function publicKeys(path: string, text: string): string[] {
  const lines = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  const wrong = lines.findIndex((line) => !KEY.test(line));
  if (wrong === -1 && lines.length > 0) return lines;
  throw new FleetError(`${path} ${whatIsWrong(text, lines, wrong)}.`, {
    kept: "everything; nothing was touched.",
    next: 'give the public half, as "ssh-keygen -t ed25519" writes it to a file ending in .pub: "ssh-ed25519 AAAA… comment".',
    exitCode: exitCodes.usage,
  });
}

function whatIsWrong(text: string, lines: readonly string[], wrong: number): string {
  if (/PRIVATE KEY/.test(text)) return "is a private key";
  return lines.length === 0 ? "is empty" : `has a line ${wrong + 1} that is no public key`;
}
