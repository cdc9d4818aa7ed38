import assert from "node:assert/strict";
import { test } from "node:test";
import { manifestsIn, namedLine } from "../../../infra/groups/manifest-text.ts";

test("a group's manifest is one, and of machines with names there is one for each", () => {
  assert.deepEqual(manifestsIn('{"schema":1}\n'), [{ schema: 1 }]);
  const text = ["web-1", "web-2"].map((name, index) => namedLine(name, `{"schema":${index}}\n`)).join("");
  assert.deepEqual(manifestsIn(text), [{ schema: 0 }, { schema: 1 }]);
});

test("what is neither is no manifest", () => {
  assert.throws(() => manifestsIn("<Error/>"), SyntaxError);
  assert.throws(() => manifestsIn(""), SyntaxError);
});
