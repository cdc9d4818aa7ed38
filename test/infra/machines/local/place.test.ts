import assert from "node:assert/strict";
import { test } from "node:test";
import { hardwareAddress } from "../../../../infra/machines/local/network.ts";
import { linkName, machinePlace, placeOf } from "../../../../infra/machines/local/place.ts";

/** IFNAMSIZ of the kernel is 16, with the closing zero. */
const LONGEST_LINK_NAME = 15;
/** HOST_NAME_MAX, which nspawn holds machine names to. */
const LONGEST_MACHINE_NAME = 64;

test("link and machine names fit, however long the world's and the machine's names are", () => {
  const place = placeOf("w".repeat(64), "/somewhere");
  assert.ok(place.bridge.length <= LONGEST_LINK_NAME, place.bridge);
  assert.ok(linkName(place, 250).length <= LONGEST_LINK_NAME, linkName(place, 250));
  assert.ok(machinePlace(place, "m".repeat(24)).nspawnName.length <= LONGEST_MACHINE_NAME);
});

test("two worlds of one name below different roots share no name in the kernel", () => {
  const [a, b] = [placeOf("w", "/a"), placeOf("w", "/b")];
  assert.notEqual(a.bridge, b.bridge);
  assert.notEqual(a.cgroup, b.cgroup);
  assert.notEqual(machinePlace(a, "web-1").netns, machinePlace(b, "web-1").netns);
});

test("what is found by a world's prefix can't be another world's bridge", () => {
  const place = placeOf("w", "/a");
  assert.ok(linkName(place, 11).startsWith(place.prefix));
  assert.ok(!place.bridge.startsWith(place.prefix));
});

test("hardware addresses are of the local range and differ by world and machine", () => {
  assert.equal(hardwareAddress("9f3609ba", 11), "02:9f:36:09:ba:0b");
  assert.notEqual(hardwareAddress("9f3609ba", 12), hardwareAddress("9f3609ba", 11));
});
