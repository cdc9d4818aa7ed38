import assert from "node:assert/strict";
import { test } from "node:test";
import { seal, unseal } from "../../runtime/seal.ts";

test("what is sealed comes back with the same secret, white space around it apart", () => {
  const text = JSON.stringify({ key: "a secret with ünicode" });
  assert.equal(unseal(seal(text, "secret\n"), "secret"), text);
  assert.notEqual(seal(text, "secret"), seal(text, "secret"));
  assert.ok(!Buffer.from(seal(text, "secret"), "base64").toString("latin1").includes("a secret"));
});

test("another secret, a changed or a cut text give nothing", () => {
  const sealed = Buffer.from(seal("text", "secret"), "base64");
  assert.equal(unseal(sealed.toString("base64"), "other"), undefined);
  for (let index = 0; index < sealed.length; index++) {
    const changed = Buffer.from(sealed);
    changed[index] = (changed[index] ?? 0) ^ 1;
    assert.equal(unseal(changed.toString("base64"), "secret"), undefined, `byte ${index}`);
    assert.equal(unseal(sealed.subarray(0, index).toString("base64"), "secret"), undefined, `cut at ${index}`);
  }
});
