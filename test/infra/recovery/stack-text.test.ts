import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import { candidatesOf, programFolder, withoutSecrets } from "../../../infra/recovery/candidates.ts";
import { drillChanges, drillMachines } from "../../../infra/recovery/drill-machines.ts";
import { fleetValueOf, machinesOf, withChanges } from "../../../infra/recovery/stack-text.ts";
import { sampleSet } from "./samples.ts";

const TEXT = `encryptionsalt: v1:abc
config:
  # the shop
  fleetwright:fleet:
    app:
      dir: .
      secrets:
        KEY:
          secure: v1:xyz
    machines:
      provider: hosts
      hosts:
        - {name: web-1, address: 10.0.0.1, hostKey: ssh-ed25519 AAAAC3Nz}
    https: {mode: acme, domains: [a.example.org], acme: {email: a@example.org}}
    rollout: {skip: [web-9], maxUnreachable: 1}
`;

test("machines are replaced, and everything else stays as it was: salt, secrets, comments", () => {
  const text = withChanges(TEXT, [[["machines"], machinesOf("machines: {provider: local, count: 3}", "dr.yaml")]]);
  const { encryptionsalt, config } = parse(text) as { encryptionsalt: string; config: Record<string, { app: unknown; machines: unknown }> };
  assert.equal(encryptionsalt, "v1:abc");
  assert.deepEqual(config["fleetwright:fleet"]?.machines, { provider: "local", count: 3 });
  assert.deepEqual(config["fleetwright:fleet"]?.app, { dir: ".", secrets: { KEY: { secure: "v1:xyz" } } });
  assert.match(text, /# the shop/);
});

test("machines are read from a stack's file, too; a file without any is told", () => {
  assert.deepEqual(machinesOf(TEXT, "Pulumi.dr.yaml"), (fleetValueOf(TEXT) as { machines: unknown }).machines);
  assert.throws(() => machinesOf("config: {}", "Pulumi.dr.yaml"), /Pulumi\.dr\.yaml names no machines/);
  assert.throws(() => withChanges("config: {}", []), /the program names them itself/);
});

test("a drill asks no issuer, and leaves no machine out", () => {
  const text = withChanges(TEXT, drillChanges(fleetValueOf(TEXT)));
  const { https, rollout } = fleetValueOf(text) as { https: unknown; rollout: unknown };
  assert.deepEqual(https, { mode: "internal", domains: ["a.example.org"] });
  assert.deepEqual(rollout, {});
  assert.deepEqual(drillChanges({}), []);
});

test("a drill's machines are of a system that the release was built for", () => {
  const set = sampleSet();
  assert.deepEqual(drillMachines(set, "x64"), { provider: "local", count: 1, image: "trixie", cores: ["all"] });
  const [live] = set.releases;
  const archives = { "x64-py3.11": { sha256: "3".repeat(64), bytes: 3 } };
  assert.equal(drillMachines({ ...set, releases: live === undefined ? [] : [{ ...live, archives }] }, "x64", 4).image, "bookworm");
  assert.throws(() => drillMachines(set, "arm64"), /no archive of the live release for local machines of arm64/);
});

test("machines are known before the program runs, with secrets left closed", () => {
  const [first] = candidatesOf(fleetValueOf(TEXT), { folder: "/", stack: "prod" });
  assert.equal(first?.transport?.host, "10.0.0.1");
  assert.equal(first?.app, "web");
  assert.deepEqual(withoutSecrets({ hosts: [{ hostKey: { secure: "v1:x" } }] }), { hosts: [{ hostKey: "ssh-ed25519 AAAA" }] });
  const hosts = [{ name: "a", address: "h", hostKey: { secure: "v1:x" } }];
  const closed = { app: { dir: "." }, machines: { provider: "hosts", hosts } };
  assert.deepEqual(candidatesOf(closed, { folder: "/", stack: "prod" }), []);
});

test("a program runs in its file's folder", () => {
  assert.equal(programFolder("/p", "infra/index.ts"), "/p/infra");
  assert.equal(programFolder("/p", undefined), "/p");
  assert.equal(programFolder("/p", "program"), "/p/program");
});
