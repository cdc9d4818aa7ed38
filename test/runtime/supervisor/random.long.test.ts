/**
 * The long random runs: real workers for FLEETWRIGHT_LONG_MS (ten minutes), half of it for each kind; and the made-up
 * histories of random.test.ts, FLEETWRIGHT_RANDOM_RUNS of them (50,000).
 */
import { test } from "node:test";
import { kinds } from "./apps.ts";
import { chosenSeed, Ordeal } from "./ordeal.ts";

const durationMs = Number(process.env.FLEETWRIGHT_LONG_MS ?? 600_000);

for (const { name, makeApp } of kinds) {
  test(`random signals, deaths and releases for ${durationMs / 2 / 60_000} minutes (${name})`, async (t) => {
    const seed = chosenSeed();
    const { rounds, sent, lost } = await new Ordeal(t, await makeApp(), seed).run(durationMs / kinds.length);
    t.diagnostic(`seed ${seed}: ${rounds} rounds, ${sent} requests, ${lost} lost with killed workers`);
  });
}

process.env.FLEETWRIGHT_RANDOM_RUNS ??= "50000";
await import("./random.test.ts");
