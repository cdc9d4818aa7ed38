import assert from "node:assert/strict";
import { test } from "node:test";
import { withRecovery } from "../../../infra/cli/recovery/config-text.ts";
import { pagesOf } from "../../../infra/recovery/page.ts";
import type { RecoverySet } from "../../../infra/recovery/set.ts";
import { sampleSet } from "./samples.ts";

test("the page names every file that a rebuild by hand needs, and how to open what is sealed", () => {
  const files = [
    { kind: "secrets" as const, name: "secrets.age", object: { sha256: "5".repeat(64), bytes: 1 } },
    { kind: "own" as const, name: "~/.ssh/fleet", object: { sha256: "6".repeat(64), bytes: 1 } },
  ];
  const [page, beside] = pagesOf({ id: "20260101T000000000Z-aaaa", set: sampleSet({ files }) }, "file:///store");
  assert.deepEqual([page?.name, beside?.name], ["RECOVER.txt", "sets/fleetwright/prod/RECOVER.txt"]);
  for (const digit of ["1", "2", "3", "4", "5", "6"])
    assert.match(page?.text ?? "", new RegExp(`S/objects/${digit}${digit}/${digit.repeat(64)}`));
  assert.match(page?.text ?? "", /age -d -o key\.txt S\/keys\/fleetwright\/prod\.age/);
  assert.match(page?.text ?? "", /recover --from 'file:\/\/\/store' --stack prod --check/);
});

test("the page serves a release by hand, as its kind is started, with what opens the state", () => {
  const of = (command: RecoverySet["releases"][number]["command"]): string => {
    const set = sampleSet({ secretsProvider: "awskms://alias/it's" });
    const releases = set.releases.map((release) => ({ ...release, command }));
    return pagesOf({ id: "x", set: { ...set, releases } }, "/store")[0]?.text ?? "";
  };
  assert.match(of({ kind: "asgi", app: "main:app" }), /\/tmp\/rt\/bin\/fleethost run --asgi main:app'\n.*caddy reverse-proxy/);
  assert.match(of({ kind: "node", module: "server.ts" }), /fleethost run --node server\.ts'/);
  assert.match(of({ kind: "asgi", app: "main:app" }), /stack init prod --secrets-provider 'awskms:\/\/alias\/it'\\''s'\n/);
  const command = { kind: "command" as const, argv: ["./server", "{port}"], listen: "port" as const, readyAfterMs: 1000 };
  assert.match(of(command), /fleethost run --listen port --workers 1 -- \.\/server /);
  assert.doesNotMatch(of({ ...command, listen: "socket" }), /fleethost run/);
});

test("without a sealed copy, the page says what that means", () => {
  assert.match(pagesOf({ id: "x", set: sampleSet() }, "/store")[0]?.text ?? "", /NO sealed copy of the secrets/);
});

test("a stack's file keeps its comments and order, and gets what init made", () => {
  const text = "# Ours.\nencryptionsalt: v1:abc\nconfig:\n  fleetwright:fleet:\n    name: shop # the shop\n";
  const key = { recipient: "age1abc", wrapped: "-----BEGIN AGE ENCRYPTED FILE-----\nxyz\n-----END AGE ENCRYPTED FILE-----\n" };
  const made = withRecovery(text, { stores: ["/mnt/a"], key });
  assert.ok(made.startsWith(text), made);
  assert.match(
    made,
    / {2}fleetwright:recovery:\n {4}stores:\n {6}- \/mnt\/a\n {4}key:\n {6}recipient: age1abc\n {6}wrapped: \|\n {8}-----BEGIN/,
  );
  const again = withRecovery(made, { key: { ...key, recipient: "age1def" } });
  assert.match(again, /- \/mnt\/a[^]*age1def/);
  assert.match(withRecovery("", { stores: ["/mnt/a"] }), /^config:\n {2}fleetwright:recovery:\n {4}stores:\n {6}- \/mnt\/a\n$/);
});
