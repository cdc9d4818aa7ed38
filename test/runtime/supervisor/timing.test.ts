import assert from "node:assert/strict";
import { test } from "node:test";
import { Rig } from "./rig.ts";

/** The wait of a slot whose worker was ready, died, and whose next one failed to boot. */
const WAIT_MS = 200;

test("a slot whose time comes while something else is being dealt with is not forgotten", async () => {
  for (let earlyMs = 0.01; earlyMs < 1; earlyMs += 0.01) {
    const rig = new Rig(1);
    await rig.allReady();
    await rig.ends(1, { code: 1, signal: null });
    await rig.ends(2, { code: 1, signal: null });
    await rig.sleepThrough(WAIT_MS - earlyMs);
    rig.tick(0.02);
    // Late news of one that has gone: it is looked at, as every event is, and changes nothing.
    await rig.says(1, "beat");
    rig.tick(0);
    await rig.pass(2);
    assert.equal(rig.started, 3, `${earlyMs} ms before the slot's time`);
  }
});
