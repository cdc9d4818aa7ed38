import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { checksumFor, verify } from "../../../infra/offline/download.ts";
import { isStandIn, launcher } from "../../../infra/offline/launcher.ts";
import { isAtLeast } from "../../../infra/offline/pulumi-cli.ts";

test("versions are compared number by number", () => {
  assert.ok(isAtLeast("v3.250.0", "3.250.0"));
  assert.ok(isAtLeast("3.1000.0\n", "3.250.9"));
  assert.ok(!isAtLeast("3.249.9", "3.250.0"));
  assert.ok(!isAtLeast("2.999.0", "3.250.0"));
  assert.ok(!isAtLeast("garbage", "3.250.0"));
});

test("a checksum is taken for the whole name only", () => {
  const checksums = "AA  x.tar.gz.sig\nBB  x.tar.gz\ncc *y.tar.gz\n";
  assert.equal(checksumFor("x.tar.gz", checksums), "bb");
  assert.equal(checksumFor("y.tar.gz", checksums), "cc");
  assert.equal(checksumFor("z.tar.gz", checksums), undefined);
});

test("bytes that are not the pinned ones are refused, and so is a missing checksum", () => {
  const bytes = Buffer.from("x");
  verify("x", bytes, createHash("sha256").update(bytes).digest("hex"));
  assert.throws(() => verify("x", bytes, "00"), /but should have 00/);
  assert.throws(() => verify("x", bytes, undefined), /no checksum/);
});

test("the launcher quotes paths for the shell", () => {
  assert.match(launcher("/a b/node", "/it's/main.ts"), /exec '\/a b\/node' .* '\/it'\\''s\/main.ts' "\$@"/);
});

test("a stand-in is told from an official plugin by its folder", () => {
  assert.ok(isStandIn("/c/tools/pulumi-resource-command-stand-in-0123456789abcdef/pulumi-resource-command"));
  assert.ok(!isStandIn("/usr/bin/pulumi-resource-command"));
});
