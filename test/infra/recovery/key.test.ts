import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { newRecoveryCode, readRecoveryCode } from "../../../infra/recovery/code.ts";
import { newRecoveryKey, openSealed, sealTo, renewedKey, unwrapKey } from "../../../infra/recovery/key.ts";

describe("a recovery code", () => {
  test("is 7 groups of 4, and read however it was typed", () => {
    const code = newRecoveryCode(Buffer.alloc(16, 0xff));
    assert.match(code, /^7ZZZ(-ZZZZ){5}-ZZ..$/);
    assert.equal(readRecoveryCode(` ${code.toLowerCase().replaceAll("-", " ")}\n`), code);
    const low = newRecoveryCode(Buffer.alloc(16, 0));
    assert.equal(readRecoveryCode(low.replaceAll("0", "O")), low);
    assert.notEqual(newRecoveryCode(), newRecoveryCode());
  });

  test("that was mistyped is told from one that is wrong", () => {
    const code = newRecoveryCode(Buffer.alloc(16, 7));
    assert.throws(() => readRecoveryCode(code.slice(1)), /27 letters and digits instead of 28/);
    assert.throws(() => readRecoveryCode(code.replace(/^./, "U")), /has a "U", which no code has/);
    const other = `${code.startsWith("1") ? "2" : "1"}${code.slice(1)}`;
    assert.throws(() => readRecoveryCode(other), /is another one than was printed/);
  });
});

test("what is sealed is opened by its code alone; a new code opens what was sealed before, the old one nothing since", async () => {
  const { key, code } = await newRecoveryKey();
  const sealed = await sealTo(key.recipient, Buffer.from("open sesame"));
  const identity = await unwrapKey(key.wrapped, code);
  assert.equal((await openSealed(sealed, identity)).toString(), "open sesame");
  const again = await renewedKey(identity);
  const both = await unwrapKey(again.key.wrapped, again.code);
  const since = await sealTo(again.key.recipient, Buffer.from("open barley"));
  assert.equal((await openSealed(since, both)).toString(), "open barley");
  assert.equal((await openSealed(sealed, both)).toString(), "open sesame");
  await assert.rejects(unwrapKey(again.key.wrapped, code), /doesn't open the store's key/);
  await assert.rejects(openSealed(since, identity), /isn't opened by the stack's recovery key/);
  sealed[sealed.length - 1]! ^= 1;
  await assert.rejects(openSealed(sealed, identity), /isn't opened by the stack's recovery key/);
});
