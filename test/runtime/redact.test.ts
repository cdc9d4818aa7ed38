import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { inspect } from "node:util";
import { test } from "node:test";
import fc from "fast-check";
import { REDACTED, redactor } from "../../runtime/redact.ts";

const tricky = `p"a$s'w\\o\`r\nd-é/+ of 2 lines`;
const random = (seed: string): string => createHash("sha384").update(seed).digest("base64");
const pem = `-----BEGIN KEY-----\n${Array.from({ length: 40 }, (_, line) => random(`${line}`)).join("\n")}\n-----END KEY-----\n`;

test("a value is taken out wherever it is, and the rest stays", () => {
  assert.equal(redactor(["hunter2"])("password=hunter2, hunter2!"), `password=${REDACTED}, ${REDACTED}!`);
});

const looks: [string, string][] = [
  ["itself", tricky],
  ["JSON", JSON.stringify({ value: tricky })],
  ["JSON in JSON", JSON.stringify(JSON.stringify(tricky))],
  ["Node's quotes", inspect({ value: tricky })],
  ["a URL", `https://u:${encodeURIComponent(tricky)}@db/`],
  ["base64", Buffer.from(tricky).toString("base64")],
  ["base64url", Buffer.from(tricky).toString("base64url")],
  ["Basic authorization", `Basic ${Buffer.from(`user:${tricky}:`).toString("base64")}`],
  ["another Basic authorization", `Basic ${Buffer.from(`user1:${tricky}`).toString("base64")}`],
  ["a line of it", "it says: d-é/+ of 2 lines"],
];
for (const [name, text] of looks) {
  test(`a value is found as it looks in ${name}`, () => {
    const redacted = redactor([tricky])(text);
    assert.ok(redacted.includes(REDACTED), redacted);
    assert.doesNotMatch(redacted, /a\$s|of.2.lines/);
  });
}

test("a value is found as Python shows it", () => {
  const script = "import json, sys, urllib.parse; v = sys.argv[1]; print(repr(v)); print(json.dumps(v)); print(urllib.parse.quote(v))";
  const shown = execFileSync("python3", ["-c", script, tricky], { encoding: "utf8" });
  assert.doesNotMatch(redactor([tricky])(shown), /a\$s|of.2.lines/);
});

test("a value that was given with a newline at its end is found without it", () => {
  assert.equal(redactor(["hunter2\n"])("KeyError: 'hunter2'"), `KeyError: '${REDACTED}'`);
});

test("a long value is found by a piece of it, also when it was cut off or has been wrapped", () => {
  const redact = redactor([pem]);
  for (const [from, to] of [
    [30, 61],
    [100, 140],
    [65, 1_000],
  ]) {
    const piece = pem.slice(from, to);
    assert.equal(redact(`<${piece}>`), `<${REDACTED}>`);
    assert.equal(redact(`<${JSON.stringify(piece).slice(1, -1)}>`), `<${REDACTED}>`);
  }
  assert.equal(redact(pem.replaceAll("\n", "  ")).replaceAll(REDACTED, "").trim(), "");
});

test("any longer piece of any long value is found", () => {
  const value = fc.string({ unit: fc.constantFrom(...'abcdefghijklmnop/"\\ '), minLength: 60, maxLength: 200 });
  fc.assert(
    fc.property(value, fc.nat(), fc.integer({ min: 31, max: 60 }), (secret, start, length) => {
      const from = start % (secret.length - length + 1);
      const piece = secret.slice(from, from + length);
      assert.ok(!redactor([secret])(`#${piece}#`).includes(piece));
    }),
    { numRuns: 300, seed: 4711 },
  );
});

test("short words and short lines of longer values are left: they are everywhere", () => {
  assert.equal(redactor(["abc"])("abc"), "abc");
  assert.equal(redactor(["first line of it\nend\n"])("the end"), "the end");
});

test("text without secrets stays as it is, whatever the secrets look like", () => {
  const text = "GET /healthz answered 200\n$& $1 [x] (y)";
  assert.equal(redactor([tricky, pem, "$&", ".*", ""])(text), text);
  assert.equal(redactor([])(text), text);
});
