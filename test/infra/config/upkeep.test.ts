import assert from "node:assert/strict";
import { test } from "node:test";
import { hardeningConfigSchema, hardeningOf } from "../../../infra/config/hardening.ts";
import { parseStackConfig } from "../../../infra/config/parse.ts";
import { rebootFindings } from "../../../infra/config/upkeep.ts";

const slot = { index: 1, count: 2 };
const of = (given: unknown) => hardeningOf(hardeningConfigSchema.parse(given), { mode: "internal" }, { sshPort: 22, slot });

test("by default upgrades are set up where the machine has the package, and nothing restarts by itself", () => {
  const { upgrades, reboots } = of({});
  assert.deepEqual([upgrades, reboots], [{ required: false }, undefined]);
});

test("each has a key that turns it off, and one that asks for it", () => {
  assert.deepEqual([of({ upgrades: false }).upgrades, of({ upgrades: true }).upgrades], [undefined, { required: true }]);
  assert.deepEqual(of({ reboots: {} }).reboots, {
    days: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
    fromMinute: 180,
    minutes: 120,
    slot,
  });
  assert.equal(of({ reboots: false }).reboots, undefined);
});

test("a window may last over midnight, or the whole day", () => {
  const minutes = (from: string, to: string) => of({ reboots: { from, to } }).reboots?.minutes;
  assert.deepEqual([minutes("23:30", "00:30"), minutes("03:00", "03:00"), minutes("00:00", "23:59")], [60, 1440, 1439]);
});

test("a window that is too short for the fleet, one machine after another, is refused with what it needs", () => {
  const machines = { provider: "local", count: 3 };
  const problem = (reboots: unknown): string => {
    try {
      parseStackConfig({ app: { dir: "a" }, machines, hardening: { reboots } });
    } catch (error) {
      return (error as Error).message;
    }
    return "";
  };
  const short = problem({ from: "03:00", to: "03:17" });
  assert.match(short, /hardening\.reboots\.to: from 03:00 to 03:17 are 17 minutes, and 3 .* need 18/);
  assert.equal(problem({ from: "03:00", to: "03:18" }), "");
  assert.match(problem({ from: "3:00" }), /hardening\.reboots/);
  assert.deepEqual(rebootFindings(false, 1_000), []);
});
