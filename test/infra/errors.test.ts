import assert from "node:assert/strict";
import { test } from "node:test";
import { RunError } from "@pulumi/pulumi/errors.js";
import { FleetError } from "../../infra/errors.ts";

test("Pulumi shows the message alone, without a stack trace", () => {
  assert.ok(RunError.isInstance(new FleetError("it is broken.")));
});

test("what Pulumi writes before the messages of errors in a resource's inputs isn't shown", () => {
  const error = new FleetError("it is broken.", { machine: "web-1", log: ["boom"], kept: "everything.", next: "mend it." });
  error.message = `error serializing property "stdin": ${error.message}`;
  assert.equal(error.message, "web-1: it is broken.\n  | boom\nLeft as it is: everything.\nWhat to do: mend it.");
});

test("what was left as it is can be said later, but not against the thrower's own word", () => {
  assert.equal(
    new FleetError("pip failed.", { machine: "web-1", next: "mend it." }).keeping("everything.").message,
    "web-1: pip failed.\nLeft as it is: everything.\nWhat to do: mend it.",
  );
  assert.equal(new FleetError("pip failed.", { kept: "the old release." }).keeping("everything.").kept, "the old release.");
});
