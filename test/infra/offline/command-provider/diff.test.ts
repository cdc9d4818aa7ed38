import assert from "node:assert/strict";
import { test } from "node:test";
import { differences } from "../../../../infra/offline/command-provider/diff.ts";
import { resources } from "../../../../infra/offline/command-provider/schema.ts";
import { fileAsset, secret, type WireMap } from "../../../../infra/offline/command-provider/wire.ts";

const local = resources["command:local:Command"]!;
const copy = resources["command:remote:CopyToRemote"]!;
const copyFile = resources["command:remote:CopyFile"]!;

const found = (olds: WireMap, news: WireMap, schema = local, ignored: string[] = []) =>
  differences(schema, olds, news, ignored).map(({ path, change, replaces }) => `${change} ${path}${replaces ? " replaces" : ""}`);

test("equal inputs are no change", () => {
  assert.deepEqual(found({ create: "a", triggers: [1, { b: 2 }] }, { create: "a", triggers: [1, { b: 2 }] }), []);
});

test("a change of triggers replaces, any other updates", () => {
  assert.deepEqual(found({ triggers: [1, 2] }, { triggers: [1, 3] }), ["update triggers[1] replaces"]);
  assert.deepEqual(found({ triggers: [1] }, { triggers: [1, 2] }), ["add triggers[1] replaces"]);
  assert.deepEqual(found({ create: "a", stdin: "x" }, { create: "b" }), ["update create", "delete stdin"]);
});

test("keys that aren't plain names are quoted in paths", () => {
  assert.deepEqual(found({ environment: { "a.b": "1", C: "1" } }, { environment: { "a.b": "2", C: "2" } }), [
    'update environment["a.b"]',
    "update environment.C",
  ]);
});

test("a secret is one value: what is inside is not named", () => {
  assert.deepEqual(found({ environment: secret({ A: "1" }) }, { environment: secret({ A: "2" }) }), ["update environment"]);
  assert.deepEqual(found({ stdin: secret("s") }, { stdin: secret("s") }), []);
  assert.deepEqual(found({ stdin: "s" }, { stdin: secret("s") }), ["update stdin"]);
});

test("an asset is compared by its hash, not by its path", () => {
  assert.deepEqual(found({ source: fileAsset("/a", "1") }, { source: fileAsset("/b", "1") }, copy), []);
  assert.deepEqual(found({ source: fileAsset("/a", "1") }, { source: fileAsset("/a", "2") }, copy), ["update source"]);
});

test("CopyFile has no update: every change replaces it", () => {
  assert.deepEqual(found({ remotePath: "/a" }, { remotePath: "/b" }, copyFile), ["update remotePath replaces"]);
});

test("ignored changes are no changes", () => {
  assert.deepEqual(found({ create: "a" }, { create: "b" }, local, ["create"]), []);
});
