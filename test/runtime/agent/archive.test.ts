import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import * as tar from "tar";
import { unpackArchive } from "../../../runtime/agent/archive.ts";

interface Part {
  path: string;
  type?: "File" | "Directory" | "SymbolicLink" | "Link" | "CharacterDevice";
  linkpath?: string;
  text?: string;
  mode?: number;
}

/** Written block by block: no tool would make the archives that have to be refused. */
function makeArchive(folder: string, parts: Part[]) {
  const blocks = parts.flatMap(({ path, type = "File", linkpath, text = "", mode = 0o644 }) => {
    const header = new tar.Header({
      path,
      type,
      mode,
      size: Buffer.byteLength(text),
      mtime: new Date(0),
      ...(linkpath === undefined ? {} : { linkpath }),
    });
    const block = Buffer.alloc(512);
    header.encode(block);
    const body = Buffer.alloc(Math.ceil(Buffer.byteLength(text) / 512) * 512);
    body.write(text);
    return [block, body];
  });
  const bytes = gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));
  const path = join(folder, "release.tar.gz");
  writeFileSync(path, bytes);
  return {
    path,
    expected: {
      sha256: createHash("sha256").update(bytes).digest("hex"),
      bytes: bytes.length,
    },
  };
}

function folders(t: TestContext) {
  const outer = mkdtempSync(join(tmpdir(), "fleetwright-archive-"));
  t.after(() => rmSync(outer, { recursive: true }));
  const inner = join(outer, "release");
  mkdirSync(inner);
  return { outer, inner };
}

test("files, folders and links inside come out, without setuid and readable by all", async (t) => {
  const { outer, inner } = folders(t);
  const { path, expected } = makeArchive(outer, [
    { path: "app/", type: "Directory", mode: 0o700 },
    { path: "app/main.py", text: "print(1)\n", mode: 0o600 },
    { path: "app/tool", text: "#!/bin/sh\n", mode: 0o4700 },
    { path: "app/link", type: "SymbolicLink", linkpath: "main.py" },
  ]);
  await unpackArchive(path, expected, inner);
  assert.equal(readFileSync(join(inner, "app/main.py"), "utf8"), "print(1)\n");
  assert.equal(statSync(join(inner, "app/main.py")).mode & 0o7777, 0o644);
  assert.equal(statSync(join(inner, "app/tool")).mode & 0o7777, 0o755);
  assert.ok(lstatSync(join(inner, "app/link")).isSymbolicLink());
});

const unsafe: Record<string, Part[]> = {
  "an absolute path": [{ path: "/tmp/fleetwright-escaped", text: "x" }],
  "a path through ..": [{ path: "app/../../escaped", text: "x" }],
  "a symbolic link that leads out": [{ path: "app/l", type: "SymbolicLink", linkpath: "../../.." }],
  "a hard link that leads out": [{ path: "app/l", type: "Link", linkpath: "../release.tar.gz" }],
  "a device": [{ path: "app/null", type: "CharacterDevice" }],
};
for (const [name, parts] of Object.entries(unsafe)) {
  test(`${name} is refused, and nothing after it is written`, async (t) => {
    const { outer, inner } = folders(t);
    const { path, expected } = makeArchive(outer, [...parts, { path: "app/later", text: "x" }]);
    await assert.rejects(unpackArchive(path, expected, inner), /the archive is refused/);
    assert.deepEqual(readdirSync(inner), []);
    assert.ok(!existsSync(join(outer, "escaped")) && !existsSync("/tmp/fleetwright-escaped"));
  });
}

test("another hash or length is refused before anything is unpacked", async (t) => {
  const { outer, inner } = folders(t);
  const { path, expected } = makeArchive(outer, [{ path: "app/main.py", text: "x" }]);
  await assert.rejects(
    unpackArchive(path, { ...expected, sha256: "0".repeat(64) }, inner),
    /not the archive that the manifest names: sha256/,
  );
  await assert.rejects(unpackArchive(path, { ...expected, bytes: expected.bytes + 1 }, inner), /bytes instead of/);
  assert.deepEqual(readdirSync(inner), []);
});

test("a path without an archive is a wrong command line", async (t) => {
  const { outer, inner } = folders(t);
  await assert.rejects(unpackArchive(join(outer, "none"), { sha256: "", bytes: 1 }, inner), { exitCode: 2 });
});
