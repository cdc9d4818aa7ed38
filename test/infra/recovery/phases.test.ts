import assert from "node:assert/strict";
import { test } from "node:test";
import { phaseLines, PhaseClock, phaseOfEvent, phaseOfLine, recoveryTimeMs } from "../../../infra/recovery/phases.ts";

function clocks() {
  const now = { wall: 1_000_000, monotonic: 500 };
  const pass = (ms: number): void => {
    now.wall += ms;
    now.monotonic += ms;
  };
  return { now, pass, given: { wallMs: () => now.wall, monotonicMs: () => now.monotonic } };
}

test("every moment belongs to the phase whose mark ends it, also where phases take turns", () => {
  const { pass, given } = clocks();
  const clock = new PhaseClock(given, 400);
  pass(100);
  clock.mark("tools");
  for (const phase of ["workers", "tls", "workers", "tls"] as const) {
    pass(phase === "tls" ? 5 : 50);
    clock.mark(phase);
  }
  const times = clock.times();
  assert.deepEqual(
    times.map(({ phase, monotonicMs }) => [phase, monotonicMs]),
    [
      ["tools", 500],
      ["workers", 100],
      ["tls", 10],
    ],
  );
  assert.equal(recoveryTimeMs([...times, { phase: "cleanUp", wallMs: 9_000, monotonicMs: 9_000 }]), 610);
});

test("a clock that is set in between changes the wall time only", () => {
  const { now, pass, given } = clocks();
  const clock = new PhaseClock(given);
  pass(1_000);
  now.wall += 3_600_000;
  clock.mark("state");
  assert.deepEqual(clock.times(), [{ phase: "state", wallMs: 3_601_000, monotonicMs: 1_000 }]);
});

test("lines of the engine and events of a rollout say which phase has ended", () => {
  assert.equal(phaseOfLine("web-1: booting Debian 13 on 10.213.1.11, 1 core"), "machines");
  assert.equal(phaseOfLine("web-1: up on 10.213.1.11, 1 core"), "boot");
  assert.equal(phaseOfLine("creating web-1"), undefined);
  assert.equal(phaseOfEvent({ event: "step", step: "health" }), "workers");
  assert.equal(phaseOfEvent({ event: "phase", phase: "stage" }), "release");
  assert.equal(phaseOfEvent({ event: "phase", phase: "switch" }), "tls");
  assert.equal(phaseOfEvent({ event: "step", step: "hardening" }), "confirm");
  assert.equal(phaseOfEvent({ event: "phase", phase: "confirm" }), "confirm");
  assert.equal(phaseOfEvent({ event: "sent" }), undefined);
});

test("the table ends with the sum", () => {
  const lines = phaseLines([
    { phase: "tools", wallMs: 1, monotonicMs: 1_500 },
    { phase: "firstAnswer", wallMs: 1, monotonicMs: 500 },
  ]);
  assert.match(lines[1] ?? "", /^ {2}first 200 +0\.5 s$/);
  assert.match(lines.at(-1) ?? "", /^ {2}all +2\.0 s$/);
});
