import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { archiveOnce, writeArchive } from "../../../infra/build/archive.ts";
import { readTree, textEntry } from "../../../infra/build/tree.ts";
import { emptyFolder, makeFolder } from "./folders.ts";
import { packSample, sample } from "./pack-child.ts";

test("a child with umask 077 packs the same bytes", async (t) => {
  const child = execFileSync(
    "sh",
    ["-c", 'umask 077; exec "$0" "$@"', process.execPath, join(import.meta.dirname, "pack-child.ts"), emptyFolder(t)],
    { encoding: "utf8" },
  );
  assert.equal(child.trim(), await packSample(emptyFolder(t)));
});

test("the order in which files were made, and their times, don't matter", async (t) => {
  const folder = emptyFolder(t);
  const reversed = Object.fromEntries(Object.entries(sample).reverse());
  const first = await packSample(folder, reversed);
  utimesSync(join(folder, "tree/app/main.py"), 1, 1);
  const again = await writeArchive(readTree(join(folder, "tree")), join(folder, "again.tar.gz"));
  assert.equal(again.sha256, first);
  assert.equal(await packSample(emptyFolder(t)), first);
});

test("the order of the entries doesn't matter", async (t) => {
  const folder = emptyFolder(t);
  const entries = [textEntry("b", "1"), textEntry("a/c", "2"), textEntry("a.b", "3")];
  const first = await writeArchive(entries, join(folder, "1.tar.gz"));
  assert.equal((await writeArchive(entries.toReversed(), join(folder, "2.tar.gz"))).sha256, first.sha256);
});

test("the x-bit and the content do matter", async (t) => {
  const plain = await packSample(emptyFolder(t));
  assert.notEqual(await packSample(emptyFolder(t), { ...sample, "app/run.sh": "#!/bin/sh\n" }), plain);
  assert.notEqual(await packSample(emptyFolder(t), { ...sample, "app/main.py": "app = 2\n" }), plain);
});

test("GNU tar unpacks everything, with modes 0644 and 0755", async (t) => {
  const folder = emptyFolder(t);
  await packSample(folder);
  const into = emptyFolder(t);
  execFileSync("tar", ["-xzpf", join(folder, "out.tar.gz"), "-C", into]);
  const mode = (path: string): number => lstatSync(join(into, path)).mode & 0o7777;
  assert.deepEqual([mode("app"), mode("app/run.sh"), mode("app/main.py"), mode("app/empty")], [0o755, 0o755, 0o644, 0o644]);
  assert.equal(lstatSync(join(into, "app/main.py")).mtimeMs, 0);
  assert.equal(readFileSync(join(into, "app/main.py"), "utf8"), "app = 1\n");
  assert.equal(statSync(join(into, "app/empty")).size, 0);
  assert.equal(readlinkSync(join(into, "app/current")), "../app/main.py");
});

test("paths that are long or not ASCII survive", async (t) => {
  const folder = emptyFolder(t);
  const paths = [`${"d".repeat(90)}/${"e".repeat(90)}/${"f".repeat(120)}`, "größe/日本.txt"];
  await writeArchive(
    paths.map((path) => textEntry(path, path)),
    join(folder, "a.tar.gz"),
  );
  const into = emptyFolder(t);
  execFileSync("tar", ["-xzf", join(folder, "a.tar.gz"), "-C", into]);
  for (const path of paths) assert.equal(readFileSync(join(into, path), "utf8"), path);
});

test("sha256 and bytes are the file's own", async (t) => {
  const folder = emptyFolder(t);
  const archive = await writeArchive([textEntry("a", "b")], join(folder, "a.tar.gz"));
  const bytes = readFileSync(archive.path);
  assert.equal(archive.bytes, bytes.length);
  assert.equal(archive.sha256, createHash("sha256").update(bytes).digest("hex"));
});

for (const to of ["/etc/passwd", "../../outside", ".."]) {
  test(`a link to ${to} is refused`, (t) => {
    const folder = makeFolder(t, { "app/link": { to } });
    // ".." from app/ is the folder itself, still outside of what a link may name.
    assert.throws(() => readTree(to === ".." ? join(folder, "app") : folder), /is a link to .*outside the folder/);
  });
}

test("an archive is made once, and not kept when its inputs changed meanwhile", async (t) => {
  const target = join(emptyFolder(t), "id", "x64");
  let made = 0;
  const entries = async () => [textEntry("a", String(++made))];
  await assert.rejects(
    archiveOnce(target, {
      entries,
      check: () => {
        throw new Error("changed");
      },
    }),
    /changed/,
  );
  assert.equal(existsSync(target), false);
  assert.deepEqual(readdirSync(join(target, "..")), []);
  const first = await archiveOnce(target, { entries });
  assert.deepEqual(await archiveOnce(target, { entries }), first);
  assert.equal(made, 2);
});
