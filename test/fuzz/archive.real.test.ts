import assert from "node:assert/strict";
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { unpackArchive } from "../../runtime/agent/archive.ts";
import { AgentFailure } from "../../runtime/agent/failure.ts";
import { makeArchive, type Part, writeFile } from "../runtime/agent/make-archive.ts";
import { fuzzAsync } from "./fuzz.ts";

const outer = mkdtempSync(join(tmpdir(), "fleetwright-fuzz-"));
const inner = join(outer, "a", "b", "release");
mkdirSync(inner, { recursive: true });
after(() => rmSync(outer, { recursive: true }));

/** Few names, so that entries meet: below one another, through links, twice. */
const name = fc.constantFrom("a", "b", "c", "..", ".", "");
const path = fc.oneof(
  { weight: 12, arbitrary: fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join("/") || "a") },
  { weight: 1, arbitrary: fc.constantFrom("/fleetwright-fuzzed", "a\\..\\b", "x".repeat(150), "ü/é", "//a") },
);
const type = fc.constantFrom("File", "File", "Directory", "SymbolicLink", "SymbolicLink", "Link", "FIFO", "CharacterDevice", "BlockDevice");
const part: fc.Arbitrary<Part> = fc
  .record({
    path,
    type,
    linkpath: path,
    text: fc.string({ maxLength: 8 }),
    mode: fc.constantFrom(0o644, 0o755, 0, 0o4755, 0o1777),
    size: fc.option(fc.nat(2000), { freq: 20 }),
  })
  .map(({ path: at, type: kind, linkpath, text, mode, size }) => ({
    path: kind === "Directory" ? `${at}/` : at,
    type: kind as NonNullable<Part["type"]>,
    mode,
    ...(kind.endsWith("Link") ? { linkpath } : { text: kind === "File" ? text : "" }),
    ...(size === null ? {} : { size }),
  }));

/** Nothing beside the folder; in it only files, folders, and links that end inside; or nothing at all when refused. */
async function check({ path: archive, expected }: ReturnType<typeof writeFile>): Promise<void> {
  for (const entry of readdirSync(inner)) rmSync(join(inner, entry), { recursive: true });
  let refused: string | undefined;
  try {
    await unpackArchive(archive, expected, inner);
  } catch (error) {
    assert.ok(error instanceof AgentFailure, `not an AgentFailure: ${(error as Error).stack}`);
    refused = error.message;
  }
  assert.deepEqual(readdirSync(outer).sort(), ["a", "release.tar.gz"]);
  assert.deepEqual([readdirSync(join(outer, "a")), readdirSync(join(outer, "a", "b"))], [["b"], ["release"]]);
  if (refused !== undefined) assert.deepEqual(readdirSync(inner), [], `something is left of a refused archive: ${refused}`);
  else requireInside(inner);
}

function requireInside(folder: string): void {
  for (const entry of readdirSync(folder)) {
    const full = join(folder, entry);
    const stat = lstatSync(full);
    if (stat.isSymbolicLink()) assert.ok(endsInside(full), `${full} leads outside`);
    else assert.ok(stat.isFile() || stat.isDirectory());
    if (!stat.isSymbolicLink()) assert.ok([0o644, 0o755].includes(stat.mode & 0o7777));
    if (stat.isDirectory()) requireInside(full);
  }
}

function endsInside(link: string): boolean {
  try {
    return `${realpathSync(link)}/`.startsWith(`${inner}/`);
  } catch (error) {
    // It leads nowhere now.
    return (error as NodeJS.ErrnoException).code === "ENOENT" || (error as NodeJS.ErrnoException).code === "ENOTDIR";
  }
}

test("whatever an archive lists, nothing is written outside", () =>
  fuzzAsync("entries", fc.array(part, { maxLength: 5 }), (parts) => check(makeArchive(outer, parts))));

test("whatever bytes an archive has, it is unpacked or refused", () => {
  const good: Part[] = [
    { path: "a/", type: "Directory", mode: 0o755 },
    { path: "a/b", text: "text" },
    { path: "c", type: "SymbolicLink", linkpath: "a/b" },
  ];
  const packed = readFileSync(makeArchive(outer, good).path);
  const plain = gunzipSync(packed);
  const changes = (size: number) => fc.array(fc.tuple(fc.nat(size - 1), fc.nat(255)), { maxLength: 6 });
  const spoil = (bytes: Buffer, list: [number, number][]) => {
    const copy = Buffer.from(bytes);
    for (const [at, value] of list) copy[at] = value;
    return copy;
  };
  const bytes = fc.oneof(
    changes(packed.length).map((list) => spoil(packed, list)),
    fc
      .tuple(changes(plain.length), fc.nat(plain.length))
      .map(([list, length]) => gzipSync(spoil(plain, list).subarray(0, length), { level: 1 })),
    changes(plain.length).map((list) => spoil(plain, list)),
    fc.uint8Array({ maxLength: 600 }).map((any) => Buffer.from(any)),
  );
  return fuzzAsync("bytes", bytes, (value) => check(writeFile(outer, value)));
});
