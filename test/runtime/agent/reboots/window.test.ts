import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import fc from "fast-check";
import { currentSlot, slotCalendar } from "../../../../runtime/agent/reboots/window.ts";
import { type Reboots, weekdays } from "../../../../runtime/hardening.ts";

const at = (text: string): number => Date.parse(`${text}Z`);
/** 2026-01-05 is a Monday. */
const night: Reboots = { days: ["mon"], fromMinute: 180, minutes: 120, slot: { index: 1, count: 4 } };

test("a machine's time is its own part of the window, on the days that are named", () => {
  assert.deepEqual(currentSlot(night, at("2026-01-05T03:30")), {
    startMs: at("2026-01-05T03:30"),
    latestMs: at("2026-01-05T03:45"),
    endMs: at("2026-01-05T04:00"),
  });
  const outside = ["2026-01-05T03:29:59", "2026-01-05T04:00", "2026-01-06T03:30"];
  for (const moment of outside) assert.equal(currentSlot(night, at(moment)), undefined, moment);
  assert.equal(slotCalendar(night), "mon 03:30:00 UTC");
});

test("a window over midnight counts as the day that it begins on", () => {
  const late: Reboots = { days: ["sun", "sat"], fromMinute: 23 * 60, minutes: 120, slot: { index: 1, count: 2 } };
  assert.equal(currentSlot(late, at("2026-01-05T00:30"))?.startMs, at("2026-01-05T00:00"), "Sunday's, on Monday");
  assert.equal(currentSlot(late, at("2026-01-04T00:30"))?.startMs, at("2026-01-04T00:00"), "Saturday's, on Sunday");
  assert.equal(currentSlot(late, at("2026-01-06T00:30")), undefined);
  assert.equal(slotCalendar(late), "mon,sun 00:00:00 UTC");
});

const windows = fc.record({
  days: fc.subarray([...weekdays], { minLength: 1 }),
  fromMinute: fc.integer({ min: 0, max: 1439 }),
  minutes: fc.integer({ min: 1, max: 1440 }),
  count: fc.integer({ min: 1, max: 40 }),
  nowMs: fc.integer({ min: at("2026-01-01T00:00"), max: at("2027-01-01T00:00") }),
});

test("whatever the window, never is it two machines' time at once", () => {
  fc.assert(
    fc.property(windows, ({ count, nowMs, ...window }) => {
      const whose = Array.from({ length: count }, (_, index) => currentSlot({ ...window, slot: { index, count } }, nowMs));
      assert.ok(whose.filter((slot) => slot !== undefined).length <= 1);
    }),
    { seed: 7, numRuns: 2_000 },
  );
});

const noSystemd = spawnSync("systemd-analyze", ["--version"]).status !== 0;

test("the timer rings when the time begins, as systemd itself reads it", { skip: noSystemd }, () => {
  const late: Reboots = { days: ["sun", "fri"], fromMinute: 23 * 60 + 10, minutes: 120, slot: { index: 5, count: 8 } };
  const args = ["calendar", "--base-time=2026-01-01 00:00:00 UTC", "--iterations=4", slotCalendar(late)];
  const { stdout } = spawnSync("systemd-analyze", args, { encoding: "utf8", env: { ...process.env, TZ: "UTC" } });
  const times = [...stdout.matchAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/g)].map(([text]) => at(text.slice(0, 19).replace(" ", "T")));
  assert.ok(times.length >= 4, stdout);
  for (const time of times) assert.equal(currentSlot(late, time)?.startMs, time);
});
