import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { hostIn } from "../../../infra/cli/stack-file.ts";
import { publicKeys } from "../../../infra/deploy-user/public-keys.ts";
import { removalScript, setupScript } from "../../../infra/deploy-user/setup-script.ts";

const KEY = `ssh-ed25519 ${"A".repeat(68)} ci@example.org`;

test("the scripts are plain POSIX shell", () => {
  const runtimes = [{ id: "a".repeat(64), archiveSha256: "b".repeat(64) }];
  for (const script of [setupScript({ keys: [KEY], runtimes }), setupScript({ keys: [], runtimes: "any" }), removalScript()]) {
    execFileSync("sh", ["-n"], { input: script });
  }
});

test("a key may not forward anything; sudo has one rule, for the gate", () => {
  const script = setupScript({ keys: [KEY], runtimes: [{ id: "1", archiveSha256: "2" }] });
  assert.ok(script.includes(`\nrestrict,pty ${KEY}\n`));
  assert.equal(script.match(/NOPASSWD/g)?.length, 1);
  assert.match(script, /^fleetwright-deploy ALL=\(root\) NOPASSWD: \/opt\/fleetwright-deploy\/gate$/m);
  assert.match(script, /^1 2$/m);
});

test("only public keys without options are taken", () => {
  assert.deepEqual(publicKeys("x.pub", `# mine\n\n${KEY}\r\n${KEY}\n`), [KEY, KEY]);
  const wrong: [string, RegExp][] = [
    ["", /is empty/],
    ["-----BEGIN OPENSSH PRIVATE KEY-----\nx\n", /is a private key/],
    [`command="sh" ${KEY}`, /line 1 that is no public key/],
    [`${KEY}\nFLEETWRIGHT\n`, /line 2 that is no public key/],
  ];
  for (const [text, message] of wrong) assert.throws(() => publicKeys("x.pub", text), { name: "FleetError", message });
});

test("the stack's file tells the way to a machine before the first up", () => {
  const file = `config:
  fleetwright:fleet:
    app: {dir: .}
    machines:
      provider: hosts
      hosts:
        - {name: web-1, address: 192.0.2.1, hostKey: ssh-ed25519 AAAA, user: fleetwright-deploy, bastion: {address: 192.0.2.9, hostKey: k}}
`;
  const found = hostIn(file, undefined, "web-1")?.transport;
  assert.deepEqual([found?.host, found?.port, found?.bastion?.host], ["192.0.2.1", 22, "192.0.2.9"]);
  assert.equal(hostIn(file, "other", "web-1"), undefined);
  assert.equal(hostIn(file, undefined, "web-2"), undefined);
  assert.equal(hostIn("config: {}", undefined, "web-1"), undefined);
});
