/** What machines said last, from one process of a run to the next. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Reachable } from "../../../infra/rollout/observation.ts";
import { keepSights, recentSights } from "../../../infra/rollout/sights.ts";
import { SESSIONS_VARIABLE, shareSessions } from "../../../infra/rollout/transports/shared-sessions.ts";
import { manifest, observed, reportOf } from "../../support/samples.ts";

const LONG_MS = 600_000;
const sight = { ...(observed(reportOf(manifest())) as Reachable), secretKey: "k".repeat(64) };

function sharing(t: TestContext): string {
  t.after(shareSessions());
  return process.env[SESSIONS_VARIABLE] ?? assert.fail("nothing is shared");
}

test("outside of a run that shares its connections nothing is kept", () => {
  keepSights("web", [["web-1", sight]]);
  assert.equal(recentSights("web", LONG_MS).size, 0);
});

test("the next process of the run has what a machine said, but for its key; the key is in no file", (t) => {
  const folder = sharing(t);
  keepSights("web", [["web-1", sight]]);
  assert.deepEqual(recentSights("web", LONG_MS).get("web-1")?.apps, sight.apps);
  assert.equal(recentSights("web", LONG_MS).get("web-1")?.secretKey, undefined);
  for (const name of readdirSync(folder)) {
    assert.ok(!readFileSync(join(folder, name), "utf8").includes(sight.secretKey));
    assert.equal(statSync(join(folder, name)).mode & 0o077, 0);
  }
});

test("a later answer replaces an earlier one, others stay; of one that doesn't answer, nothing is known", (t) => {
  sharing(t);
  keepSights("web", [
    ["web-1", sight],
    ["web-2", sight],
  ]);
  keepSights("web", [["web-1", { ...sight, apps: [] }]]);
  assert.deepEqual(recentSights("web", LONG_MS).get("web-1")?.apps, []);
  keepSights("web", [["web-1", { state: "unreachable", why: "gone", waitedMs: 1 }]]);
  assert.deepEqual([...recentSights("web", LONG_MS).keys()], ["web-2"]);
  assert.equal(recentSights("shop", LONG_MS).size, 0);
});

test("what is too old isn't told, nor is a file that can't be read", (t) => {
  const folder = sharing(t);
  keepSights("web", [["web-1", sight]]);
  assert.equal(recentSights("web", -1).size, 0);
  writeFileSync(join(folder, "sights-web.json"), "{");
  assert.equal(recentSights("web", LONG_MS).size, 0);
});
