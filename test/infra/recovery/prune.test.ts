import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { oldObjects, oldSets, prune } from "../../../infra/recovery/prune.ts";
import { openStore } from "../../../infra/recovery/store/open.ts";
import type { RecoveryStore } from "../../../infra/recovery/store/store.ts";
import { sampleSet } from "./samples.ts";

const HOUR_MS = 3_600_000;

test("the newest whole sets stay; a spoiled one takes nobody's place; the last good one never goes", () => {
  assert.deepEqual(oldSets(["d", "c", "b", "a"], ["d", "c", "b", "a"], 2), ["b", "a"]);
  assert.deepEqual(oldSets(["d", "c", "b", "a"], ["c", "a"], 1), ["b", "a"]);
  assert.deepEqual(oldSets(["d", "c", "b", "a"], ["a"], 1), []);
  assert.deepEqual(oldSets(["b", "a"], [], 1), []);
});

test("objects that no set names go a day after they were written: a push may be under way", () => {
  const object = (sha256: string, writtenAtMs: number) => ({ sha256, bytes: 1, writtenAtMs });
  const nowMs = 100 * HOUR_MS;
  const objects = [object("named", 0), object("old", 75 * HOUR_MS), object("new", 77 * HOUR_MS), object("ageless", Number.NaN)];
  assert.deepEqual(oldObjects(objects, new Set(["named"]), nowMs), ["old"]);
});

describe("pruning", () => {
  let folder: string;
  let store: RecoveryStore;
  const name = { project: "fleetwright", stack: "prod" };
  const dayAfterMs = (): number => Date.now() + 25 * HOUR_MS;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "fleetwright-prune-"));
    store = await openStore(folder);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const fill = async (day: number, stack = "prod") => {
    const object = await store.putBytes(Buffer.from(`stack file of ${stack}, day ${day}`));
    const id = await store.putSet(sampleSet({ stack, stackFile: object, createdAt: `2026-01-0${day}T00:00:00.000Z` }));
    return { id, object };
  };

  test("removes old sets with what only they name, and what an interrupted write left", async () => {
    const [old, kept] = [await fill(1), await fill(2)];
    const other = await fill(1, "staging");
    writeFileSync(join(folder, "objects", kept.object.sha256.slice(0, 2), "x.partial"), "half");
    assert.deepEqual(await prune(store, name, 1, dayAfterMs()), { sets: 1, objects: 1 });
    assert.deepEqual(await store.setIds(name), [kept.id]);
    assert.deepEqual([await store.has(old.object), await store.has(kept.object), await store.has(other.object)], [false, true, true]);
    assert.deepEqual(
      (await store.files.list("objects/")).filter(({ name: file }) => file.endsWith(".partial")),
      [],
    );
  });

  test("removes no object while any stack's set can't be read", async () => {
    const [old] = [await fill(1), await fill(2)];
    const spoiled = await fill(3, "staging");
    writeFileSync(join(folder, "sets/fleetwright/staging", `${spoiled.id}.json`), "{}");
    assert.deepEqual(await prune(store, name, 1, dayAfterMs()), { sets: 1, objects: 0 });
    assert.equal(await store.has(old.object), true);
  });
});
