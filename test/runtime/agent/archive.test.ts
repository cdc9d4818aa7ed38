import assert from "node:assert/strict";
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { unpackArchive } from "../../../runtime/agent/archive.ts";
import { makeArchive, type Part, writeFile } from "./make-archive.ts";

function folders(t: TestContext) {
  const outer = mkdtempSync(join(tmpdir(), "fleetwright-archive-"));
  t.after(() => rmSync(outer, { recursive: true }));
  const inner = join(outer, "release");
  mkdirSync(inner);
  return { outer, inner };
}

test("files, folders and links inside come out, readable by all", async (t) => {
  const { outer, inner } = folders(t);
  const { path, expected } = makeArchive(outer, [
    { path: "app/", type: "Directory", mode: 0o700 },
    { path: "app/main.py", text: "print(1)\n", mode: 0o600 },
    { path: "app/tool", text: "#!/bin/sh\n", mode: 0o700 },
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
  "a link through another that leads out": [
    { path: "a/b/up", type: "SymbolicLink", linkpath: "../.." },
    { path: "out", type: "SymbolicLink", linkpath: "a/b/up/.." },
  ],
  "a file through a link to a folder": [
    { path: "d", type: "SymbolicLink", linkpath: "." },
    { path: "d/x", text: "x" },
  ],
  "a name twice": [
    { path: "app/x", text: "1" },
    { path: "app/x", text: "2" },
  ],
  "a setuid program": [{ path: "app/tool", text: "x", mode: 0o4755 }],
  "a fifo": [{ path: "app/fifo", type: "FIFO" }],
  "a size far beyond the archive's": [{ path: "app/huge", text: "x", size: 8 * 2 ** 30 }],
  "a size beyond its bytes": [{ path: "app/long", text: "x", size: 2 ** 20 }],
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

test("an archive that unpacks to far more than its own size is refused before the disk is written to", async (t) => {
  const { outer, inner } = folders(t);
  const { path, expected } = makeArchive(outer, [{ path: "app/zeros", text: "\0".repeat(96 * 2 ** 20) }]);
  await assert.rejects(unpackArchive(path, expected, inner), /unpacks to more than \d+ MiB/);
  assert.deepEqual(readdirSync(inner), []);
});

test("a file that is no archive, and an archive that was cut off, are refused", async (t) => {
  const { outer, inner } = folders(t);
  for (const bytes of [Buffer.alloc(0), Buffer.from("no archive"), Buffer.from([0x1f, 0x8b, 8, 0])]) {
    const { path, expected } = writeFile(outer, bytes);
    await assert.rejects(unpackArchive(path, expected, inner), /the archive is refused/);
  }
  assert.deepEqual(readdirSync(inner), []);
});

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
