import assert from "node:assert/strict";
import { test } from "node:test";
import { kinds } from "./apps.ts";
import { chosenSeed, Ordeal } from "./ordeal.ts";

/** For each kind; `npm run test:long` takes its time. */
const DURATION_MS = 10_000;

for (const { name, makeApp } of kinds) {
  test(`random signals, deaths and releases under load: what is wanted is reached again, and nothing is lost or left behind (${name})`, async (t) => {
    const { rounds, sent, lost } = await new Ordeal(t, await makeApp(), chosenSeed()).run(DURATION_MS);
    t.diagnostic(`${rounds} rounds, ${sent} requests, ${lost} lost with killed workers`);
    assert.ok(sent > 50);
  });
}
