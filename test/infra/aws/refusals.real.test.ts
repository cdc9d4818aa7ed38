/** What can't work on AWS, in a preview by the real engine: the key is named, and nothing is made. Some thirty seconds. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { before, test } from "node:test";
import { promisify } from "node:util";
import { refused, unoffered } from "./refused-cases.ts";
import type { Previewed } from "./refused-previews.ts";

const TIME_LIMIT_MS = 600_000;
const previewed = new Map<string, Previewed>();

before(async () => {
  const args = ["--disable-warning=ExperimentalWarning", join(import.meta.dirname, "refused-previews.ts")];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: TIME_LIMIT_MS, maxBuffer: 1 << 26 });
  for (const line of stdout.trim().split("\n")) {
    const one = JSON.parse(line) as Previewed;
    previewed.set(one.what, one);
  }
});

function refusal(what: string): Previewed {
  const found = previewed.get(what);
  assert.ok(found?.failed, found?.said ?? "it wasn't previewed");
  return found;
}

for (const [what, , key] of refused) {
  test(`refused by its key, and nothing is made, not even the fleet: ${what}`, () => {
    const { said, made } = refusal(what);
    assert.match(said, key);
    assert.deepEqual(made, ["pulumi:pulumi:Stack"], said);
  });
}

for (const [what, , keys] of unoffered) {
  test(`AWS doesn't have it: refused by its key, and nothing is made there: ${what}`, () => {
    const { said, made } = refusal(what);
    for (const key of keys) assert.match(said, key);
    assert.deepEqual(
      made.filter((type) => type.startsWith("aws:")),
      [],
      said,
    );
  });
}
