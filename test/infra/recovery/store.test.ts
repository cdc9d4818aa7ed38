import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { openStore } from "../../../infra/recovery/store/open.ts";
import type { RecoveryStore } from "../../../infra/recovery/store/store.ts";
import { sampleSet } from "./samples.ts";

const name = { project: "fleetwright", stack: "prod" };

describe("a store in a folder", () => {
  let folder: string;
  let store: RecoveryStore;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "fleetwright-store-"));
    store = await openStore(join(folder, "store"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const object = (text: string) => ({ sha256: createHash("sha256").update(text).digest("hex"), bytes: text.length });
  const local = (text: string): string => {
    const path = join(folder, "local");
    writeFileSync(path, text);
    return path;
  };
  const inStore = ({ sha256 }: { sha256: string }): string => join(folder, "store/objects", sha256.slice(0, 2), sha256);

  test("gives back what was put, once", async () => {
    const it = object("an archive");
    assert.equal(await store.put(local("an archive"), it), "stored");
    assert.equal(await store.put(local("an archive"), it), "there");
    await store.get(it, join(folder, "out"));
    assert.equal(readFileSync(join(folder, "out"), "utf8"), "an archive");
    assert.deepEqual(
      (await store.list()).map(({ sha256, bytes }) => ({ sha256, bytes })),
      [it],
    );
    await store.delete(it.sha256);
    assert.equal(await store.has(it), false);
  });

  test("takes no file under a hash that isn't its own", async () => {
    await assert.rejects(store.put(local("something"), object("another t")), /is spoiled: other bytes/);
    assert.deepEqual(await store.list(), []);
  });

  test("hands out nothing that was changed or cut short", async () => {
    const it = await store.putBytes(Buffer.from("an archive"));
    writeFileSync(inStore(it), "an archivE");
    await assert.rejects(store.get(it, join(folder, "out")), /is spoiled: other bytes/);
    await assert.rejects(store.getBytes(it), /is spoiled: other bytes/);
    writeFileSync(inStore(it), "an arch");
    await assert.rejects(store.get(it, join(folder, "out")), /7 bytes instead of 10/);
    assert.deepEqual(readdirSync(folder), ["store"]);
    assert.equal(await store.has(it), false, "a push puts it again");
  });

  test("has sets newest first, names those that were changed, and keeps stacks apart", async () => {
    const old = await store.putSet(sampleSet({ createdAt: "2026-01-01T00:00:00.000Z" }));
    const middle = await store.putSet(sampleSet({ createdAt: "2026-01-02T00:00:00.000Z" }));
    const newest = await store.putSet(sampleSet({ createdAt: "2026-01-03T00:00:00.000Z" }));
    await store.putSet(sampleSet({ stack: "staging" }));
    const path = join(folder, "store/sets/fleetwright/prod", `${newest}.json`);
    writeFileSync(path, readFileSync(path, "utf8").slice(0, -20));
    const { good, spoiled } = await store.sets(name);
    assert.deepEqual(
      good.map(({ id }) => id),
      [middle, old],
    );
    assert.deepEqual(spoiled, [{ id: newest, problem: `set ${newest} was changed or cut short` }]);
    assert.deepEqual(await store.stacks(), [name, { ...name, stack: "staging" }]);
  });

  test("takes no set for another stack's", async () => {
    const id = await store.putSet(sampleSet());
    const bytes = await store.files.readBytes(`sets/fleetwright/prod/${id}.json`);
    await store.files.write(`sets/fleetwright/staging/${id}.json`, { bytes });
    const { good, spoiled } = await store.sets({ project: "fleetwright", stack: "staging" });
    assert.deepEqual(good, []);
    assert.match(spoiled[0]?.problem ?? "", /is of fleetwright\/prod, and lies in the wrong folder/);
  });

  test("keeps drills, newest first", async () => {
    const drill = { schema: 1 as const, ...name, ok: true, rtoMs: 41_000, machines: 2, set: "x" };
    await store.addDrill({ ...drill, startedAt: "2026-01-01T00:00:00Z" });
    await store.addDrill({ ...drill, startedAt: "2026-01-02T00:00:00Z", ok: false, rtoMs: null, boot: 7 });
    assert.deepEqual(
      (await store.drills(name)).map(({ ok, boot }) => [ok, boot]),
      [
        [false, 7],
        [true, undefined],
      ],
    );
  });

  test("an empty one holds nothing", async () => {
    assert.deepEqual([await store.list(), await store.setIds(name), await store.stacks(), await store.drills(name)], [[], [], [], []]);
    assert.equal(await store.readKey(name), undefined);
  });
});

test("what is no store is told", async () => {
  await assert.rejects(openStore("ftp://host/store"), /"ftp:\/\/host\/store" is no store/);
});
