import assert from "node:assert/strict";
import { test } from "node:test";
import { rebootReason } from "../../../../runtime/agent/drift-plan.ts";
import { decideReboot, type Seen } from "../../../../runtime/agent/reboots/decide.ts";
import { rebootNote } from "../../../../runtime/agent/reboots/record.ts";

const slot = { startMs: 1_000, latestMs: 2_000, endMs: 3_000 };
const kernel = { why: "kernel 6.1.0-13-amd64 is installed, 6.1.0-9-amd64 runs", lasting: true };
const record = { schema: 1, state: "healthy", at: "2026-01-01T03:00:00.000Z", why: kernel.why, bootId: "b", detail: "" } as const;
const ready: Seen = {
  nowMs: 1_500,
  slot,
  due: kernel,
  last: undefined,
  onTrial: false,
  heldBy: undefined,
  health: { state: "healthy", detail: "" },
};

const cases: [string, Partial<Seen>, "reboot" | "wait" | "no", RegExp][] = [
  ["in its time, when it is due and nothing speaks against it", {}, "reboot", /kernel 6\.1\.0-13/],
  ["nothing is due", { due: undefined }, "no", /no restart is due/],
  ["outside of its time", { slot: undefined }, "no", /isn't this machine's time/],
  ["at the last moment to begin", { nowMs: 2_000 }, "reboot", /kernel/],
  ["after it, when it might not be back before the next machine's turn", { nowMs: 2_001 }, "no", /half over/],
  ["while a switch is on trial", { onTrial: true }, "wait", /awaits its confirm/],
  ["while a rollout holds it", { heldBy: "me@laptop" }, "wait", /rollout of me@laptop/],
  ["while workers are missing", { health: { state: "degraded", detail: "1 of 2 workers are ready" } }, "wait", /degraded \(1 of 2/],
  ["while the app is down", { health: { state: "down", detail: "no answer" } }, "wait", /down/],
  ["when the last restart for the same kernel didn't bring it", { last: record }, "no", /somebody has to look/],
  ["for a newer kernel than the last time", { last: { ...record, why: "kernel 6.1.0-9-amd64 is installed" } }, "reboot", /kernel/],
  [
    "when an update asks for it again, as a boot clears that",
    { due: { why: "the system's updates ask for it", lasting: false }, last: { ...record, why: "the system's updates ask for it" } },
    "reboot",
    /updates ask/,
  ],
];
for (const [when, seen, kind, why] of cases) {
  test(`${kind}: ${when}`, () => {
    const verdict = decideReboot({ ...ready, ...seen });
    assert.equal(verdict.kind, kind);
    assert.match(verdict.why, why);
  });
}

test("a machine that isn't healthy after its restart, or couldn't restart, is told of; one that is well isn't", () => {
  const unhealthy = rebootNote({ ...record, state: "unhealthy", detail: "GET / answered 503" });
  assert.match(unhealthy ?? "", /wasn't healthy afterwards: GET \/ answered 503/);
  assert.match(rebootNote({ ...record, state: "failed", detail: "x" }) ?? "", /which failed: x/);
  assert.deepEqual(
    [rebootNote(record), rebootNote({ ...record, state: "begun" }), rebootNote(undefined)],
    [undefined, undefined, undefined],
  );
});

test("a file that an update left, and a newer kernel, are reasons; a container's host's kernel is none", () => {
  assert.equal(rebootReason(undefined, "6.12.1", ["6.1.0-9-amd64"]), undefined);
  assert.equal(rebootReason("*** System restart required ***\n", "6.12.1", []), "the system's updates ask for it");
});
