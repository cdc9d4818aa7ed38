import assert from "node:assert/strict";
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { pruneSecrets, storedSecretsRedactor, storeSecrets } from "../../../runtime/agent/credstore.ts";
import { REDACTED } from "../../../runtime/redact.ts";
import { secretVersion } from "../../../runtime/secrets.ts";
import { fakeAgent } from "./fake-agent.ts";
import { sampleManifest } from "./sample-manifest.ts";

const v = (digit: string): string => digit.repeat(32);
const wanting = (versions: Record<string, string>) =>
  sampleManifest({
    app: { secrets: Object.fromEntries(Object.entries(versions).map(([name, version]) => [name, { as: "environment", version }])) },
  });
const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8);
const value = 'a "$b"\n';

test("values are stored as they are, for root only, and the key is kept", async (t) => {
  const { paths } = fakeAgent(t);
  await storeSecrets({ paths }, wanting({ DB: v("1") }), { values: { DB: value }, key: "a".repeat(64) });
  const path = paths.credential("shop", "DB", v("1"));
  assert.equal(readFileSync(path, "utf8"), value);
  assert.deepEqual([path, dirname(path), dirname(dirname(path)), paths.secretKey].map(mode), ["600", "700", "700", "600"]);
  assert.equal(readFileSync(paths.secretKey, "utf8"), `${"a".repeat(64)}\n`);
});

test("a key that is there stays: versions of generations that exist are made with it", async (t) => {
  const { paths } = fakeAgent(t);
  for (const digit of ["a", "b"]) await storeSecrets({ paths }, wanting({ DB: v("1") }), { values: { DB: value }, key: digit.repeat(64) });
  assert.match(readFileSync(paths.secretKey, "utf8"), /^a+\n$/);
});

test("what is there need not be given again; what is nowhere is named, and only named", async (t) => {
  const { paths } = fakeAgent(t);
  await storeSecrets({ paths }, wanting({ DB: v("1") }), { values: { DB: value } });
  await storeSecrets({ paths }, wanting({ DB: v("1") }), { values: {} });
  await assert.rejects(storeSecrets({ paths }, wanting({ DB: v("2"), MAIL: v("3") }), { values: { DB: "hush-hush" } }), (error: Error) => {
    assert.match(error.message, /no value for MAIL/);
    assert.doesNotMatch(JSON.stringify(error), /hush/);
    return true;
  });
});

test("a version stands for one value", async (t) => {
  const { paths } = fakeAgent(t);
  await storeSecrets({ paths }, wanting({ DB: v("1") }), { values: { DB: value } });
  await assert.rejects(storeSecrets({ paths }, wanting({ DB: v("1") }), { values: { DB: "other" } }), /DB is here with another value/);
  assert.equal(readFileSync(paths.credential("shop", "DB", v("1")), "utf8"), value);
});

test("a value that somebody altered is put back, where the machine's key tells which is right; its mode as well", async (t) => {
  const { paths } = fakeAgent(t);
  const key = "a".repeat(64);
  const manifest = wanting({ DB: secretVersion(key, "DB", value) });
  const path = paths.credential("shop", "DB", secretVersion(key, "DB", value));
  const store = (): Promise<void> => storeSecrets({ paths }, manifest, { values: { DB: value }, key });
  await store();
  writeFileSync(path, "altered");
  await store();
  assert.equal(readFileSync(path, "utf8"), value);
  chmodSync(path, 0o644);
  await store();
  assert.equal(mode(path), "600");
});

test("an app without secrets leaves nothing", async (t) => {
  const { paths } = fakeAgent(t);
  await storeSecrets({ paths }, sampleManifest(), { values: {}, key: "a".repeat(64) });
  assert.throws(() => statSync(paths.credentials));
  assert.throws(() => statSync(paths.secretKey));
});

test("values go with the last generation that names them; while one can't be read, all stay", async (t) => {
  const { paths } = fakeAgent(t);
  for (const digit of ["1", "2", "3"]) await storeSecrets({ paths }, wanting({ DB: v(digit) }), { values: { DB: `value ${digit}` } });
  writeFileSync(join(paths.credstore("shop"), ".tmp-DB"), "half a value");
  const generation = (name: string, text: string): void => {
    mkdirSync(paths.generation("shop", name), { recursive: true });
    writeFileSync(join(paths.generation("shop", name), "manifest.json"), text);
  };
  generation("aa", JSON.stringify(wanting({ DB: v("2") })));
  generation("bb", "{");
  await pruneSecrets({ paths }, "shop");
  assert.equal(readdirSync(paths.credstore("shop")).length, 4);
  // Of another version of ours, with keys that this one doesn't know.
  generation("bb", JSON.stringify({ ...wanting({ DB: v("3") }), more: 1 }));
  await pruneSecrets({ paths }, "shop");
  assert.deepEqual(readdirSync(paths.credstore("shop")), [`DB.${v("2")}`, `DB.${v("3")}`]);
});

test("what is printed has no stored value, also of secrets that came meanwhile; others' credentials are not looked at", async (t) => {
  const { paths } = fakeAgent(t);
  const redact = storedSecretsRedactor(paths);
  assert.equal(redact("hush-hush"), "hush-hush");
  mkdirSync(join(paths.credentials, "shop"), { recursive: true });
  writeFileSync(join(paths.credentials, "shop", "somebody.elses"), "innocent words");
  await storeSecrets({ paths }, wanting({ DB: v("1") }), { values: { DB: "hush-hush" } });
  assert.equal(redact("innocent words: hush-hush"), `innocent words: ${REDACTED}`);
});
