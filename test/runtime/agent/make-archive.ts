/** Archives that no tool would make: what the agent has to refuse. */
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import * as tar from "tar";

export interface Part {
  path: string;
  type?: "File" | "Directory" | "SymbolicLink" | "Link" | "CharacterDevice" | "BlockDevice" | "FIFO";
  linkpath?: string;
  text?: string;
  mode?: number;
  /** What the header says. @default the text's */
  size?: number;
}

/** Written block by block: no tool would make the archives that have to be refused. */
export function makeArchive(folder: string, parts: Part[]) {
  const blocks = parts.flatMap(({ path, type = "File", linkpath, text = "", mode = 0o644, size = Buffer.byteLength(text) }) => {
    const header = new tar.Header({
      path,
      type,
      mode,
      size,
      mtime: new Date(0),
      ...(linkpath === undefined ? {} : { linkpath }),
    });
    const block = Buffer.alloc(512);
    header.encode(block);
    const body = Buffer.alloc(Math.ceil(Buffer.byteLength(text) / 512) * 512);
    body.write(text);
    return [block, body];
  });
  return writeFile(folder, gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]), { level: 1 }));
}

/** As what the manifest expects, whatever the bytes are. */
export function writeFile(folder: string, bytes: Buffer) {
  const path = join(folder, "release.tar.gz");
  writeFileSync(path, bytes);
  return { path, expected: { sha256: createHash("sha256").update(bytes).digest("hex"), bytes: bytes.length } };
}
