/** Downloads that either are exactly what was pinned, or don't happen. */
import { createHash } from "node:crypto";

/** How long a server may take to start answering; a network that swallows packets must not hold up the build instead. */
const answerTimeoutMs = 10_000;
const wholeTimeoutMs = 10 * 60_000;

/** @throws Error with the reason in a few words. */
export async function download(url: string): Promise<Buffer> {
  const stop = new AbortController();
  const late = () => stop.abort(new Error(`no answer in ${answerTimeoutMs / 1_000} s`));
  const timer = setTimeout(late, answerTimeoutMs);
  try {
    const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(wholeTimeoutMs)]);
    const response = await fetch(url, { signal });
    clearTimeout(timer);
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    return Buffer.from(await response.arrayBuffer());
  } catch (error) {
    throw new Error(`${new URL(url).host}: ${reason(error)}`);
  } finally {
    clearTimeout(timer);
  }
}

// fetch says only "fetch failed"; what happened is in the cause.
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message || reason(error.cause) : error.message;
}

/** The checksum that a checksums file (`HASH  NAME` a line, as sha256sum writes) gives for a name. */
export function checksumFor(name: string, checksums: string): string | undefined {
  const line = checksums.split("\n").find((candidate) => candidate.trim().split(/\s+\*?/)[1] === name);
  return line?.trim().split(/\s+/)[0]?.toLowerCase();
}

const SHA512_LENGTH = 128;

/**
 * @param checksum sha256 or sha512, in hexadecimal
 * @throws Error when the bytes are not those of the checksum
 */
export function verify(name: string, bytes: Buffer, checksum: string | undefined): void {
  if (checksum === undefined) throw new Error(`its publisher names no checksum for ${name}`);
  const algorithm = checksum.length === SHA512_LENGTH ? "sha512" : "sha256";
  const actual = createHash(algorithm).update(bytes).digest("hex");
  if (actual !== checksum) throw new Error(`${name} has the ${algorithm} ${actual}, but should have ${checksum}`);
}
