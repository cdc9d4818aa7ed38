/** The keys under `hardening`, and what a machine is told of them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { hardeningOf } from "../../../infra/config/hardening.ts";
import { parseFleet } from "../../../infra/config/parse.ts";

const parse = (hardening: unknown, https: object = {}) =>
  parseFleet("web", { app: { dir: "app" }, machines: { provider: "local" }, hardening, https });

function told(hardening: unknown, https: object = {}) {
  const config = parse(hardening, https);
  return hardeningOf(config.hardening, config.https, { sshPort: 2222, slot: { index: 0, count: 1 } });
}

test("all of it is on when nothing is said, and each can be turned off", () => {
  const upgrades = { required: false };
  assert.deepEqual(told(undefined), { firewall: { sshPorts: [2222], connectionsPerAddress: 2_048 }, sshKeysOnly: true, upgrades });
  assert.deepEqual(told({ firewall: false, upgrades: false }), { sshKeysOnly: true });
  const few = { sshKeysOnly: false, firewall: { connectionsPerAddress: false }, upgrades: false };
  assert.deepEqual(told(few), { firewall: { sshPorts: [2222] } });
});

test("behind a balancer no connections are counted, unless asked for", () => {
  assert.equal(told({}, { mode: "none" }).firewall?.connectionsPerAddress, undefined);
  assert.equal(told({ firewall: { connectionsPerAddress: 9 } }, { mode: "none" }).firewall?.connectionsPerAddress, 9);
});

test("more ways in are TCP and for everybody where nothing else is said", () => {
  const allow = [{ port: 9100 }, { port: 53, protocol: "udp", from: ["10.0.0.0/8", "2001:db8::/32"] }];
  assert.deepEqual(told({ firewall: { allow } }).firewall?.allow, [{ port: 9100, protocol: "tcp" }, allow[1]]);
});

test("what was parsed may be given to a fleet again", () => {
  const once = parse({ firewall: { allow: [{ port: 9100 }] } }).hardening;
  assert.deepEqual(parse(once).hardening, once);
});

for (const [hardening, reason] of [
  [{ firewal: false }, /hardening\.firewal: unknown key; did you mean "firewall"/],
  [{ firewall: { alow: [] } }, /hardening\.firewall\.alow: unknown key; did you mean "allow"/],
  [{ firewall: { allow: [{ port: 9100, from: ["10.0.0.1"] }] } }, /hardening\.firewall\.allow\.0\.from\.0: .*10\.0\.0\.0\/8/],
  [{ firewall: { allow: [{ port: 0 }] } }, /hardening\.firewall\.allow\.0\.port/],
  [{ firewall: "off" }, /hardening\.firewall: given "off"; allowed: false, or a group of keys/],
  [{ sshKeysOnly: "yes" }, /hardening\.sshKeysOnly: given "yes"; allowed: true or false/],
] as const) {
  test(`refused: ${JSON.stringify(hardening)}`, () => assert.throws(() => parse(hardening), reason));
}
