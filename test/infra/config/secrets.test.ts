import assert from "node:assert/strict";
import { test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { parseFleet } from "../../../infra/config/parse.ts";

const parse = (secrets: unknown, environment = {}) =>
  parseFleet("web", { app: { dir: "a", secrets, environment }, machines: { provider: "local" } }).app.secrets;

function problems(secrets: unknown, environment = {}): string {
  try {
    parse(secrets, environment);
  } catch (error) {
    return (error as Error).message;
  }
  return "";
}

test("a value alone becomes a variable; in a group it may be a file", () => {
  assert.deepEqual(parse({ A: "one", B: { value: "two" }, C: { value: "three", as: "credential" } }), {
    A: { value: "one", as: "environment" },
    B: { value: "two", as: "environment" },
    C: { value: "three", as: "credential" },
  });
  assert.deepEqual(parse(undefined), {});
});

test("a program may give Outputs and promises, and they are passed on as they are", () => {
  const output = pulumi.secret("one");
  const promise = Promise.resolve("two");
  const found = parse({ A: output, B: promise, C: { value: output, as: "credential" } });
  assert.equal(found.A?.value, output);
  assert.equal(found.B?.value, promise);
  assert.equal(found.C?.value, output);
});

test("every problem is told by key path, and no value", () => {
  const found = problems({
    "BAD NAME": "hush",
    NUMBER: 5551234,
    EMPTY: "",
    LONG: "hush".repeat(20_000),
    NUL: "hush\0",
    TYPO: { valeu: "hush" },
    WAY: { value: "hush", as: "hush-hush" },
    LIST: ["hush"],
  });
  for (const line of [
    /app\.secrets\.BAD NAME: /,
    /app\.secrets\.NUMBER\.value: must be text; in YAML, put it in quotes/,
    /app\.secrets\.EMPTY\.value: is empty/,
    /app\.secrets\.LONG\.value: has 80000 bytes; a secret can have 65536/,
    /app\.secrets\.NUL\.value: can't contain a NUL/,
    /app\.secrets\.TYPO\.valeu: unknown key; did you mean "value"\?/,
    /app\.secrets\.TYPO\.value: is missing/,
    /app\.secrets\.WAY\.as: given a value that isn't repeated here; allowed: "environment" or "credential"/,
    /app\.secrets\.LIST\.value: must be text/,
  ])
    assert.match(found, line);
  assert.doesNotMatch(found, /hush|5551234/);
});

test("a name is a secret or plain, not both", () => {
  assert.match(problems({ DB: "x" }, { DB: "y" }), /app\.environment\.DB: is in "secrets", too/);
});

test("all together must be no more than systemd passes", () => {
  const nine = Object.fromEntries([..."ABCDEFGHI"].map((name) => [name, "x".repeat(65_536)]));
  assert.match(problems(nine), /app\.secrets: have 589824 bytes together/);
});
