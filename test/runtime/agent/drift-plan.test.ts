import assert from "node:assert/strict";
import { test } from "node:test";
import type { SeenCredential } from "../../../runtime/agent/credential-drift.ts";
import { driftOf, notesOf, rebootReason, type Seen } from "../../../runtime/agent/drift-plan.ts";
import { differences } from "../../../runtime/agent/listing.ts";

function seen(changed: Partial<SeenCredential>): SeenCredential {
  return { name: "DB", path: "/etc/credstore/shop/DB.1", there: true, altered: false, open: false, stale: false, ...changed };
}

const asConfirmed: Seen = {
  generation: "aa",
  files: [{ path: "/unit", hash: "1", accepted: ["1", "2"] }],
  links: [{ path: "/gen/release", target: "/r", now: "/r" }],
  folders: [{ path: "/r", what: "the release", there: true }],
  changed: [],
  enabled: ["aa"],
  units: [{ unit: "shop.socket", enabled: true, active: true }],
  caddyRuns: "its file",
  users: [{ name: "fw-shop", there: true }],
  credentials: [seen({})],
  baseline: [],
};

test("a machine that is as it was confirmed has no drift; what can't be asked is none", () => {
  assert.deepEqual(driftOf(asConfirmed), []);
  assert.deepEqual(driftOf({ ...asConfirmed, caddyRuns: undefined }), []);
  // Written by a newer agent, or at the confirm: both are right.
  assert.deepEqual(driftOf({ ...asConfirmed, files: [{ path: "/unit", hash: "2", accepted: ["1", "2"] }] }), []);
  assert.deepEqual(driftOf({ ...asConfirmed, files: [{ path: "/unit", hash: "9", accepted: [] }] }), []);
});

for (const [what, change, expected] of [
  ["a file was edited", { files: [{ path: "/unit", hash: "9", accepted: ["1"] }] }, "/unit was changed"],
  ["a file is gone", { files: [{ path: "/unit", hash: undefined, accepted: [] }] }, "/unit is missing"],
  ["a link leads elsewhere", { links: [{ path: "/gen/release", target: "/r", now: "/other" }] }, "/gen/release leads to /other"],
  ["a folder is gone", { folders: [{ path: "/r", what: "the release", there: false }] }, "the release is missing (/r)"],
  ["release files were edited", { changed: ["a", "b", "c", "d"] }, "the release's files were changed: a, b, c and 1 more"],
  ["another generation is enabled", { enabled: ["bb"] }, "a reboot would start generation bb; aa was confirmed"],
  ["none is enabled", { enabled: [] }, "a reboot would start no generation; aa was confirmed"],
  ["a unit is disabled", { units: [{ unit: "u", enabled: false, active: undefined }] }, "u is not enabled"],
  ["a unit doesn't run", { units: [{ unit: "u", enabled: true, active: false }] }, "u doesn't run"],
  ["Caddy runs with something else", { caddyRuns: "something else" }, "Caddy runs with another configuration than its file has"],
  [
    "a secret's file is gone",
    { credentials: [seen({ there: false })] },
    "the value of the secret DB is missing (/etc/credstore/shop/DB.1)",
  ],
  ["a secret was edited", { credentials: [seen({ altered: true })] }, "the value of the secret DB was changed (/etc/credstore/shop/DB.1)"],
  [
    "a secret is open",
    { credentials: [seen({ open: true })] },
    "the value of the secret DB can be read by others than root (/etc/credstore/shop/DB.1)",
  ],
  [
    "a secret is another one in the app",
    { credentials: [seen({ stale: true })] },
    "the app runs with another value of the secret DB than is stored",
  ],
  ["a user is gone", { users: [{ name: "fw-shop", there: false }] }, "the user fw-shop is missing"],
] as [string, Partial<Seen>, string][]) {
  test(`drift: ${what}`, () => assert.deepEqual(driftOf({ ...asConfirmed, ...change }), [expected]));
}

test("what up can't mend is a note, no drift", () => {
  const nothing = { workers: undefined, pending: undefined, reboot: undefined };
  assert.deepEqual(notesOf(nothing), []);
  assert.deepEqual(notesOf({ ...nothing, workers: { wanted: 2, ready: 1 } }), ["1 of 2 workers are ready"]);
  assert.match(notesOf({ ...nothing, pending: { applyId: "x", leased: true } })[0] ?? "", /awaits its confirm/);
  assert.match(notesOf({ ...nothing, pending: { applyId: "x", leased: false } })[0] ?? "", /left unconfirmed/);
  assert.deepEqual(notesOf({ ...nothing, reboot: "because" }), ["a reboot is due: because"]);
});

test("a reboot is due for a newer kernel or when Debian says so, never for a container's host kernel", () => {
  const kernels = ["6.1.0-13-amd64", "6.1.0-9-amd64"];
  assert.match(rebootReason(undefined, "6.1.0-9-amd64", kernels) ?? "", /6\.1\.0-13-amd64 is installed/);
  assert.equal(rebootReason(undefined, "6.1.0-13-amd64", kernels), undefined);
  assert.equal(rebootReason(undefined, "6.8.0-host", kernels), undefined);
  assert.equal(rebootReason(undefined, "6.8.0-host", []), undefined);
  assert.match(rebootReason("*** System restart required ***", "6.8.0", []) ?? "", /updates ask/);
});

test("two listings differ in what was changed, added and removed", () => {
  assert.deepEqual(differences(["a\t1", "b\t1", "c\t1"], ["a\t1", "b\t2", "d\t1"]), ["b", "c", "d"]);
});
