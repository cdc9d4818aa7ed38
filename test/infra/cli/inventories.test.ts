import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseFleets, findInventories, sortFleets } from "../../../infra/cli/inventories.ts";
import { FleetError } from "../../../infra/errors.ts";
import type { Inventory } from "../../../infra/inventory.ts";

const transport = { kind: "ssh" as const, host: "192.0.2.1", port: 22, user: "root", hostKey: "ssh-ed25519 AAAA" };
const inventory = (fleet: string): Inventory => ({
  schema: 1,
  fleet,
  app: fleet,
  machines: [{ name: `${fleet}-1`, address: "192.0.2.1", transport }],
});
const names = (output: unknown): string[] => findInventories(output).map(({ fleet }) => fleet);

test("inventories are found under any name, alone and inside objects, among other outputs", () => {
  assert.deepEqual(names({ inventory: inventory("web"), urls: ["https://192.0.2.1"], release: "1", skipped: null }), ["web"]);
  assert.deepEqual(names({ ways: { shop: inventory("shop"), deep: { blog: inventory("blog") } } }), ["shop", "blog"]);
});

test("a bastion's way in is kept", () => {
  const { kind: _kind, ...bastion } = transport;
  const [machine] = inventory("web").machines;
  const through = { ...inventory("web"), machines: [{ ...machine, transport: { ...transport, bastion } }] };
  assert.deepEqual(findInventories({ through }), [through]);
});

test("what is no inventory, or one of another schema, isn't taken for one", () => {
  assert.deepEqual(names({ a: "[secret]", b: [inventory("in a list")], c: { ...inventory("web"), schema: 2 } }), []);
});

test("one fleet of several is chosen by its name, and a wrong name is answered with those there are", () => {
  const both = [inventory("shop"), inventory("blog")];
  assert.deepEqual(chooseFleets(both, undefined), both);
  assert.deepEqual(chooseFleets(both, "blog"), [both[1]]);
  assert.throws(
    () => chooseFleets(both, "blgo"),
    (error) => error instanceof FleetError && error.exitCode === 2 && /"blgo"/.test(error.message) && /shop, blog/.test(error.message),
  );
});

test("machines of a group aren't asked: with others they are left out, alone it is said what to use instead", () => {
  const group = { schema: 1 as const, fleet: "wide", app: "wide", machines: [], group: { name: "wide-1234567", region: "eu-central-1" } };
  const other = { schema: 1 as const, fleet: "web", app: "web", machines: [] };
  assert.deepEqual(findInventories({ a: group }), [group]);
  assert.deepEqual(chooseFleets([group, other], undefined), [other]);
  for (const fleet of [undefined, "wide"]) {
    assert.throws(
      () => chooseFleets([group], fleet),
      /is the group wide-1234567 at AWS \(eu-central-1\)[\s\S]*describe-auto-scaling-groups --region eu-central-1/,
    );
  }
});

const group = { name: "web-1", region: "eu-central-1" };

test("a group is found with how releases come to it, and sorted from fleets that are pushed to", () => {
  const refresh = { minHealthyPercent: 100, maxHealthyPercent: 110, checkpoints: [50], checkpointDelayMs: 1 };
  const releases = { bucket: "artifacts", warmUpMs: 1, refresh, inPlace: { document: "web-release", batch: "25%", maxErrors: 0 } };
  const web = { ...inventory("web"), machines: [], group: { ...group, releases } };
  assert.deepEqual(findInventories({ web }), [web]);
  const { pushed, groups } = sortFleets([inventory("shop"), web], undefined);
  assert.deepEqual([pushed.map(({ fleet }) => fleet), groups.map(({ fleet }) => fleet)], [["shop"], ["web"]]);
  assert.throws(() => sortFleets([web], "shop"), /no fleet "shop"/);
});

test("machines with names that nobody logs in to are found with how releases come to them, and it is said how to get to one", () => {
  const instances = { stack: "shop/prod", machines: [{ name: "web-1", id: "i-0a" }] };
  const inPlace = { document: "web-release", batch: "25%", maxErrors: 0 };
  const named = { name: "web", region: "eu-central-1", instances, releases: { bucket: "artifacts", warmUpMs: 900_000, inPlace } };
  const web = { ...inventory("web"), machines: [], group: named };
  assert.deepEqual(findInventories({ web }), [web]);
  assert.throws(
    () => chooseFleets([web], undefined),
    /nobody logs in to the machines of "web".*: web-1 \(i-0a\)[\s\S]*start-session --region eu-central-1 --target i-0a/,
  );
});

test("a group of an earlier Fleetwright's state is still one", () => {
  const web = { ...inventory("web"), machines: [], group };
  assert.deepEqual(findInventories({ web }), [web]);
});
