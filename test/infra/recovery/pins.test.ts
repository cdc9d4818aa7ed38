import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { PINS_VARIABLE } from "../../../infra/overrides.ts";
import { pinnedArtifacts, pinnedKey, pinOf } from "../../../infra/recovery/pins.ts";
import { objectsOfPins, pinsOf } from "../../../infra/recovery/pins-of-set.ts";
import { sampleSet } from "./samples.ts";

const LIVE = "a".repeat(64);
const EARLIER = "ab".repeat(32);
const set = sampleSet();
const [live] = set.releases;
const earlier = { id: EARLIER, archives: { x64: { sha256: "6".repeat(64), bytes: 6 } } };
const withLedger = sampleSet({ releases: live === undefined ? [] : [live, { ...live, ...earlier }] });

test("the live release of each fleet is pinned, with the runtime that its machines ran", () => {
  const used = { id: "b".repeat(64), arch: "x64" as const, archive: { sha256: "4".repeat(64), bytes: 4000 } };
  const other = { id: "d".repeat(64), arch: "x64" as const, archive: { sha256: "5".repeat(64), bytes: 5000 } };
  for (const runtimes of [
    [used, other],
    [other, used],
  ]) {
    const { fleets } = pinsOf({ id: "set", set: sampleSet({ runtimes }) });
    assert.equal(fleets.web?.release.id, LIVE);
    assert.equal(fleets.web?.runtimes.x64?.id, used.id);
  }
});

test("an earlier release is taken by the beginning of its id; one that isn't there, or isn't one, is told with what there is", () => {
  const pins = pinsOf({ id: "set", set: withLedger }, EARLIER.slice(0, 8));
  assert.equal(pins.fleets.web?.release.id, EARLIER);
  assert.deepEqual(
    objectsOfPins(pins).map(({ bytes }) => bytes),
    [6, 4000],
  );
  assert.throws(() => pinsOf({ id: "set", set: withLedger }, "ffff"), /no release "ffff"[^]*aaaaaaaaaaaa/);
  assert.throws(() => pinsOf({ id: "set", set: withLedger }, "a"), /several releases/);
});

test("an app without Python packages runs on any machine of its architecture", () => {
  const archive = { sha256: "1".repeat(64), bytes: 1 };
  assert.equal(pinnedKey({ x64: archive }, { arch: "x64", python: "3.13" }), "x64");
  assert.equal(pinnedKey({ "x64-py3.13": archive }, { arch: "x64", python: "3.13" }), "x64-py3.13");
});

test("a machine of a kind that the store has nothing for is told before it is touched", async () => {
  const pin = pinsOf({ id: "set", set }).fleets.web ?? assert.fail("no pin");
  const built = await pinnedArtifacts("web", pin)([]);
  const missing = /no release of fleet "web" for a machine of arm64 with Python 3\.13/;
  assert.throws(() => built.release({ arch: "arm64", python: "3.13" }), missing);
  assert.throws(() => built.runtime("arm64"), /no runtime bundle/);
});

test("packages go with their release's code, also into the list of what is fetched", async () => {
  const packages = { "x64-py3.13": { id: "e".repeat(64), archive: { sha256: "7".repeat(64), bytes: 7 } } };
  const pins = pinsOf({ id: "set", set: sampleSet({ releases: live === undefined ? [] : [{ ...live, packages }] }) });
  assert.deepEqual(pins.fleets.web?.release.packages, packages);
  assert.deepEqual(
    objectsOfPins(pins).map(({ bytes }) => bytes),
    [3000, 7, 4000],
  );
});

test("a program's fleets find their pins by the variable; one that isn't pinned beside others is a mistake", () => {
  const folder = mkdtempSync(join(tmpdir(), "fleetwright-pins-"));
  try {
    const file = join(folder, "pins.json");
    writeFileSync(file, JSON.stringify(pinsOf({ id: "set", set })));
    assert.equal(pinOf("web", {}), undefined);
    assert.equal(pinOf("web", { [PINS_VARIABLE]: file })?.app.name, "web");
    assert.throws(() => pinOf("shop", { [PINS_VARIABLE]: file }), /nothing about a fleet "shop"; it knows web/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
