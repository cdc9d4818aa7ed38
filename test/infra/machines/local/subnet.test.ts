import assert from "node:assert/strict";
import { test } from "node:test";
import { addressOf, chooseHost, chooseSubnet, takenSubnets } from "../../../../infra/machines/local/subnet.ts";

test("addresses and routes take the subnets that they overlap", () => {
  assert.deepEqual([...takenSubnets(["10.213.7.1/24", "10.213.9.0/24", "10.213.12.3"])], [7, 9, 12]);
  assert.deepEqual([...takenSubnets(["10.213.5.0/22"])], [4, 5, 6, 7]);
});

test("other networks, a default route and a VPN's wide route take none", () => {
  assert.equal(takenSubnets(["default", "192.168.7.1/24", "10.0.0.0/8", "10.213.0.0/16", "110.213.7.1/24"]).size, 0);
});

test("the same world gets the same subnet, and the next one when that is taken", () => {
  const first = chooseSubnet(new Set(), "0000000a");
  assert.equal(first, chooseSubnet(new Set(), "0000000a"));
  assert.equal(chooseSubnet(new Set([first]), "0000000a"), first + 1);
});

test("the search goes round, within 1 to 254", () => {
  const key = (253).toString(16);
  assert.equal(chooseSubnet(new Set(), key), 254);
  assert.equal(chooseSubnet(new Set([254]), key), 1);
});

test("with every subnet taken, the message says what to look at", () => {
  const all = new Set(Array.from({ length: 254 }, (_, index) => index + 1));
  assert.throws(() => chooseSubnet(all, "1"), /`ip addr` shows by what/);
});

test("machines get the lowest free address, and an end comes to them", () => {
  assert.equal(addressOf(7, chooseHost(new Set([11, 12, 14]))), "10.213.7.13");
  assert.throws(() => chooseHost(new Set(Array.from({ length: 240 }, (_, index) => index + 11))), /full/);
});
