import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readManifest } from "../../runtime/agent/manifest-input.ts";
import { manifestSchema } from "../../runtime/manifest.ts";
import { commandManifest, sampleManifest } from "../runtime/agent/sample-manifest.ts";
import { anyJson, fuzz, spoiled } from "./fuzz.ts";

const goods = [
  sampleManifest({ app: { once: [{ name: "migrate", command: ["./m"], repeatable: true, timeoutMs: 1000 }], memoryMaxMiB: 128 } }),
  commandManifest({ listen: "port" }),
  { manifest: sampleManifest({ app: { secrets: {} } }), secrets: { A: "x" } },
];

/** Problems with key paths, or what the schema itself takes without a change. */
function check(text: string): void {
  const input = readManifest(text);
  if ("problems" in input) {
    assert.ok(input.problems.length > 0);
    for (const problem of input.problems) {
      assert.equal(typeof problem, "string");
      assert.match(problem, /^(not JSON|stdin is empty|[^]*: [^]+)/);
    }
    return;
  }
  assert.deepEqual(manifestSchema.parse(input.manifest), input.manifest);
  assert.equal(({} as Record<string, unknown>)["x"], undefined, "no prototype was changed");
}

test("any text is a manifest or has problems", () =>
  fuzz(
    "any text",
    fc.oneof(
      fc.string({ unit: "binary" }),
      anyJson.map((value) => JSON.stringify(value)),
    ),
    check,
  ));

test("a manifest with spoiled parts is a manifest or has problems by key path", () =>
  fuzz(
    "spoiled manifest",
    fc
      .constantFrom(...goods)
      .chain(spoiled)
      .map((value) => JSON.stringify(value) ?? ""),
    check,
  ));

test("a manifest whose text was cut and changed is a manifest or has problems", () => {
  const text = JSON.stringify(goods[0]);
  const edits = fc.array(fc.tuple(fc.nat(text.length), fc.nat(8), fc.string({ maxLength: 4 })), { minLength: 1, maxLength: 4 });
  fuzz("edited text", edits, (list) => check(list.reduce((now, [at, cut, put]) => now.slice(0, at) + put + now.slice(at + cut), text)));
});
