/** Hashes of what may be too large for memory. */
import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import type { StoredObject } from "../set.ts";

export type Source = { file: string } | { bytes: Buffer };

/** sha256 and size of a file or of bytes. */
export async function digestOf(source: Source): Promise<StoredObject> {
  const hash = createHash("sha256");
  const bytes = "bytes" in source ? update(hash, source.bytes) : await readInto(hash, source.file);
  return { sha256: hash.digest("hex"), bytes };
}

function update(hash: Hash, bytes: Buffer): number {
  hash.update(bytes);
  return bytes.length;
}

async function readInto(hash: Hash, file: string): Promise<number> {
  let bytes = 0;
  await pipeline(createReadStream(file), async (source: AsyncIterable<Buffer>) => {
    for await (const chunk of source) bytes += update(hash, chunk);
  });
  return bytes;
}
