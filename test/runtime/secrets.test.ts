import assert from "node:assert/strict";
import { test } from "node:test";
import { generationOf, manifestSchema } from "../../runtime/manifest.ts";
import { secretValueProblem, secretVersion, secretsTotalProblem } from "../../runtime/secrets.ts";
import { manifest } from "../support/samples.ts";

const key = "0".repeat(64);

test("a version stays the same for the same value, and says nothing without the key", () => {
  const version = secretVersion(key, "DB", "1234");
  assert.equal(secretVersion(key, "DB", "1234"), version);
  assert.match(version, /^[0-9a-f]{32}$/);
  assert.notEqual(secretVersion("1".repeat(64), "DB", "1234"), version);
});

test("another value has another version, and so has the same value under another name", () => {
  const version = secretVersion(key, "A", "1234");
  assert.notEqual(secretVersion(key, "A", "1235"), version);
  assert.notEqual(secretVersion(key, "B", "1234"), version);
});

test("quotes, dollars, newlines and 64 KiB are no problem; what no environment can hold is", () => {
  for (const value of ['"$HOME" `id` \\\n\t\'', " ", "é", "x".repeat(65_536)]) assert.equal(secretValueProblem(value), undefined);
  for (const value of [undefined, 5, "", "a\0b", "\ud800", "x".repeat(65_537)]) assert.notEqual(secretValueProblem(value), undefined);
  assert.equal(secretsTotalProblem({ A: "x".repeat(65_536) }), undefined);
  const nine = Object.fromEntries([..."ABCDEFGHI"].map((name) => [name, "x".repeat(65_536)]));
  assert.match(secretsTotalProblem(nine) ?? "", /589824 bytes/);
});

test("a rotated secret is another generation; a manifest without secrets is what it was before there were any", () => {
  const plain = manifest();
  const withVersion = (digit: string) => ({
    ...plain,
    app: { ...plain.app, secrets: { DB: { as: "environment" as const, version: digit.repeat(32) } } },
  });
  assert.notEqual(generationOf(withVersion("1")), generationOf(withVersion("2")));
  assert.equal(generationOf({ ...plain, app: { ...plain.app, secrets: undefined } }), generationOf(plain));
});

test("a manifest has no place for a value", () => {
  const plain = manifest();
  const secrets = { DB: { as: "environment", version: "1".repeat(32), value: "hush" } };
  assert.equal(manifestSchema.safeParse({ ...plain, app: { ...plain.app, secrets } }).success, false);
  assert.equal(
    manifestSchema.safeParse({ ...plain, app: { ...plain.app, secrets: { DB: { as: "environment", version: "hush" } } } }).success,
    false,
  );
});
