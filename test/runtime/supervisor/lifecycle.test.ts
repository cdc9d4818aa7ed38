import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Lifecycle,
  type LifecycleAction,
  type LifecycleEvent,
  lifecycleTable,
  signalMeaning,
} from "../../../runtime/supervisor/lifecycle.ts";

type Row = readonly [Lifecycle, LifecycleEvent, Lifecycle, LifecycleAction];

const rows: readonly Row[] = [
  ["booting", "stop", "stopping", "drainAll"],
  ["booting", "force", "stopping", "killAll"],
  ["booting", "reload", "booting", "queueReload"],
  ["booting", "grow", "booting", "addSlot"],
  ["booting", "shrink", "booting", "removeSlot"],
  ["booting", "settled", "running", "announceReady"],
  ["booting", "rolled", "booting", "none"],
  ["booting", "rollFailed", "booting", "none"],
  ["booting", "giveUp", "stopping", "abandon"],
  ["booting", "empty", "booting", "none"],
  ["running", "stop", "stopping", "drainAll"],
  ["running", "force", "stopping", "killAll"],
  ["running", "reload", "reloading", "startReload"],
  ["running", "grow", "running", "addSlot"],
  ["running", "shrink", "running", "removeSlot"],
  ["running", "settled", "running", "none"],
  ["running", "rolled", "running", "none"],
  ["running", "rollFailed", "running", "none"],
  ["running", "giveUp", "stopping", "abandon"],
  ["running", "empty", "running", "none"],
  ["reloading", "stop", "stopping", "drainAll"],
  ["reloading", "force", "stopping", "killAll"],
  ["reloading", "reload", "reloading", "queueReload"],
  ["reloading", "grow", "reloading", "addSlot"],
  ["reloading", "shrink", "reloading", "removeSlot"],
  ["reloading", "settled", "reloading", "none"],
  ["reloading", "rolled", "running", "announceRolled"],
  ["reloading", "rollFailed", "running", "announceRollFailed"],
  ["reloading", "giveUp", "stopping", "abandon"],
  ["reloading", "empty", "reloading", "none"],
  ["stopping", "stop", "stopping", "killAll"],
  ["stopping", "force", "stopping", "killAll"],
  ["stopping", "reload", "stopping", "none"],
  ["stopping", "grow", "stopping", "none"],
  ["stopping", "shrink", "stopping", "none"],
  ["stopping", "settled", "stopping", "none"],
  ["stopping", "rolled", "stopping", "none"],
  ["stopping", "rollFailed", "stopping", "none"],
  ["stopping", "giveUp", "stopping", "none"],
  ["stopping", "empty", "stopping", "finish"],
];

for (const [state, event, next, action] of rows) {
  test(`${state}, ${event}: then ${next}, ${action}`, () => {
    assert.deepEqual(lifecycleTable[state][event], { next, action });
  });
}

test("every cell of the lifecycle table is spelled out above", () => {
  const cells = Object.entries(lifecycleTable).flatMap(([state, events]) => Object.keys(events).map((event) => `${state} ${event}`));
  assert.deepEqual(rows.map(([state, event]) => `${state} ${event}`).sort(), cells.sort());
});

test("a second TERM forces, whichever of the two signals came first", () => {
  assert.equal(signalMeaning.SIGTERM, signalMeaning.SIGINT);
  assert.equal(lifecycleTable.stopping[signalMeaning.SIGTERM].action, "killAll");
});
