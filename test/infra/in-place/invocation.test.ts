import assert from "node:assert/strict";
import { test } from "node:test";
import { sendInput } from "../../../infra/in-place/api.ts";
import { hasEnded, type Invocation, isRelease, outcomeOf, progressLine } from "../../../infra/in-place/invocation.ts";
import { inPlacePlanSchema } from "../../../infra/in-place/plan.ts";

const of = (status: string, output = "", details = status): Invocation => ({ machine: "i-0a", status, details, output });

test("a machine did as told when it says so, and nothing else counts", () => {
  assert.equal(outcomeOf(of("Success", "fleetwright=trial\n\n----------ERROR-------\nfleetwright: release 0 is on trial\n")), "trial");
  assert.equal(outcomeOf(of("Success", "fleetwright=newborn\n")), "newborn");
  assert.equal(outcomeOf(of("Success")), "failed", "no word");
  assert.equal(outcomeOf(of("Success", "fleetwright=served\n")), "failed", "an unknown word");
  assert.equal(outcomeOf(of("Failed", "fleetwright=trial\n")), "failed");
  for (const status of ["TimedOut", "Cancelled"]) assert.equal(outcomeOf(of(status)), "failed", status);
  for (const status of ["Pending", "InProgress", "Delayed", "Cancelling"]) assert.equal(outcomeOf(of(status)), "running", status);
});

test("progress names the machine, and AWS's word where it says more than that it failed", () => {
  assert.equal(progressLine(of("Success", "fleetwright=trial\n")), "i-0a: serves the release, on trial");
  assert.equal(progressLine(of("Failed")), "i-0a: failed");
  assert.equal(progressLine(of("TimedOut", "", "DeliveryTimedOut")), "i-0a: failed (DeliveryTimedOut)");
});

test("renewals don't stand in a release's way", () => {
  assert.deepEqual([isRelease({ action: "try" }), isRelease({ action: "renew" }), isRelease({ action: undefined })], [true, false, false]);
  assert.deepEqual([hasEnded({ status: "Cancelling" }), hasEnded({ status: "Cancelled" })], [false, true]);
});

test("only a trial goes some machines at a time, and stops at failures; all else goes to every machine", () => {
  const plan = inPlacePlanSchema.parse({
    schema: 1,
    fleet: "web",
    group: "web-1",
    region: "eu-central-1",
    bucket: "artifacts",
    document: "web-release",
    manifest: "a".repeat(64),
    batch: "10%",
    maxErrors: 2,
    warmUpMs: 1,
  });
  const rate = (action: "try" | "confirm" | "back") => {
    const { MaxConcurrency, MaxErrors } = sendInput(plan, action);
    return [MaxConcurrency, MaxErrors];
  };
  assert.deepEqual(rate("try"), ["10%", "2"]);
  assert.deepEqual(rate("confirm"), ["100%", "100%"]);
  assert.deepEqual(rate("back"), ["100%", "100%"]);
});
