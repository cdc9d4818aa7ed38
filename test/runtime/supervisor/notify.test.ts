import assert from "node:assert/strict";
import { test } from "node:test";
import { hasSystemdSocket } from "../../../runtime/supervisor/listen.ts";
import { reloadingAssignments, watchdogIntervalMs } from "../../../runtime/supervisor/notify.ts";

test("RELOADING comes with the monotonic time in microseconds", () => {
  assert.deepEqual(reloadingAssignments(1_234_567_890n), ["RELOADING=1", "MONOTONIC_USEC=1234567"]);
});

test("the watchdog is pinged three times in its limit, and only when it watches this process", () => {
  assert.equal(watchdogIntervalMs({ WATCHDOG_USEC: "30000000" }, 7), 10_000);
  assert.equal(watchdogIntervalMs({ WATCHDOG_USEC: "30000000", WATCHDOG_PID: "7" }, 7), 10_000);
  assert.equal(watchdogIntervalMs({ WATCHDOG_USEC: "30000000", WATCHDOG_PID: "8" }, 7), null);
  assert.equal(watchdogIntervalMs({}, 7), null);
  assert.equal(watchdogIntervalMs({ WATCHDOG_USEC: "no" }, 7), null);
});

test("a socket meant for another process is not taken", () => {
  assert.equal(hasSystemdSocket({ LISTEN_FDS: "1", LISTEN_PID: "7" }, 7), true);
  assert.equal(hasSystemdSocket({ LISTEN_FDS: "1", LISTEN_PID: "6" }, 7), false);
  assert.equal(hasSystemdSocket({ LISTEN_FDS: "1" }, 7), false);
  assert.equal(hasSystemdSocket({ LISTEN_FDS: "0", LISTEN_PID: "7" }, 7), false);
});
