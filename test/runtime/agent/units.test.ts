/** The files in `expected/` are what a machine gets, word for word: a change here is a change on every machine. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { renderFirewall, renderFirewallUnit } from "../../../runtime/agent/baseline/firewall-rules.ts";
import { renderLogsUnit } from "../../../runtime/agent/baseline/logs.ts";
import { renderMetricsTimer, renderMetricsUnit } from "../../../runtime/agent/baseline/metrics.ts";
import { renderCaddyConfig } from "../../../runtime/agent/caddy.ts";
import { renderCaddyUnit, renderConvergeUnit, renderLeaseUnit, renderUsers } from "../../../runtime/agent/machine-units.ts";
import { renderGenerationUnit, renderSlotFolders, renderSocket, unitMark } from "../../../runtime/agent/units.ts";
import type { Hardening } from "../../../runtime/hardening.ts";
import { DELIST_WAIT_MS } from "../../../runtime/slots.ts";
import { commandManifest, sampleManifest } from "./sample-manifest.ts";

const expected = (name: string) => readFileSync(new URL(`expected/${name}`, import.meta.url), "utf8");

const hardening: Hardening = {
  firewall: {
    sshPorts: [2222],
    connectionsPerAddress: 512,
    allow: [
      { port: 9100, protocol: "tcp", from: ["10.0.0.0/8", "2001:db8::/32"] },
      { port: 51820, protocol: "udp" },
    ],
  },
};

const rendered = {
  "shop.socket": renderSocket("shop", "0123456789abcdef"),
  "shop@generation.service": renderGenerationUnit(sampleManifest({ app: { memoryMaxMiB: 512 } })),
  "fleetwright-caddy.service": renderCaddyUnit("/opt/fleetwright/caddy/0123456789abcdef/caddy"),
  "fleetwright-converge.service": renderConvergeUnit(),
  "shop-lease.service": renderLeaseUnit("shop"),
  "fleetwright-firewall.service": renderFirewallUnit(),
  "fleetwright-metrics.service": renderMetricsUnit(),
  "fleetwright-metrics.timer": renderMetricsTimer(),
  "fleetwright-logs.service": renderLogsUnit(),
  "firewall.nft": renderFirewall({ ...commandManifest({ listen: "port" }), hardening }, [22]),
  "sysusers.conf": renderUsers("shop"),
  "caddy.json": renderCaddyConfig(sampleManifest()),
  "shop@slots.service": renderGenerationUnit(commandManifest({ listen: "socket" })),
  "shop-slots.conf": renderSlotFolders("shop"),
  "caddy-ports.json": renderCaddyConfig(commandManifest({ listen: "port", slots: 3, portBase: 30_000 })),
  "caddy-sockets.json": renderCaddyConfig(commandManifest({ listen: "socket", slots: 2 }, { mode: "none" })),
};
for (const [name, text] of Object.entries(rendered)) {
  test(`${name} is as expected, word for word`, () => assert.equal(text, expected(name)));
}

test("every unit starts with our mark, by which a foreign one is known", () => {
  for (const [name, text] of Object.entries(rendered)) if (!name.endsWith(".json")) assert.ok(text.startsWith(`${unitMark}\n`), name);
});

test("a generation without a memory limit has no MemoryMax", () => {
  assert.doesNotMatch(renderGenerationUnit(sampleManifest()), /MemoryMax/);
});

test("another release, environment or limit is another unit; other HTTPS names are not", () => {
  const unit = renderGenerationUnit(sampleManifest());
  assert.notEqual(renderGenerationUnit(sampleManifest({ app: { environment: {} } })), unit);
  assert.equal(renderGenerationUnit(sampleManifest({ https: { names: ["x.example"] } })), unit);
});

test("Caddy's configuration doesn't change with a release, an environment or a runtime", () => {
  const other = sampleManifest({
    runtime: "f".repeat(64),
    app: { environment: {}, release: { id: "e".repeat(64), archive: { sha256: "d".repeat(64), bytes: 2 } } },
  });
  assert.equal(renderCaddyConfig(other), renderCaddyConfig(sampleManifest()));
});

test("plain HTTP proxies on the HTTP port and knows no certificates", () => {
  const config = JSON.parse(renderCaddyConfig(sampleManifest({ https: { mode: "none", httpPort: 8080 } })));
  assert.deepEqual(Object.keys(config.apps), ["http"]);
  assert.deepEqual(config.apps.http.servers.http.listen, [":8080"]);
  assert.equal(config.apps.http.servers.http.routes.at(-1).handle[0].handler, "reverse_proxy");
});

test("the redirect names an HTTPS port that isn't the usual one", () => {
  const config = JSON.parse(renderCaddyConfig(sampleManifest({ https: { httpsPort: 8443 } })));
  assert.deepEqual(config.apps.http.servers.http.routes.at(-1).handle[0].headers.Location, [
    "https://{http.request.host}:8443{http.request.uri}",
  ]);
});

test("the certificate authorities of two machines have different names, within X.509's 64 characters", () => {
  const long = "a".repeat(24);
  const authority = (machine: string) =>
    JSON.parse(renderCaddyConfig(sampleManifest({ fleet: long, machine }))).apps.pki.certificate_authorities.local;
  assert.notEqual(authority("m1").root_common_name, authority("m2").root_common_name);
  assert.ok(authority(long).intermediate_common_name.length <= 64);
});

test("a command on the shared socket has the same Caddy as any app, and no folder to write to", () => {
  const manifest = commandManifest({ listen: "fd" });
  assert.equal(renderCaddyConfig(manifest), renderCaddyConfig(sampleManifest()));
  assert.doesNotMatch(renderGenerationUnit(manifest), /ReadWritePaths|UMask=0007/);
  assert.match(
    renderGenerationUnit(manifest),
    /^Environment=PATH=.*\/release\/app\/node_modules\/\.bin:\/opt\/fleetwright\/runtime\/a+\/bin:/m,
  );
});

test("a command with slots has the time to be taken off the list before it must have drained", () => {
  const stopTimeout = (text: string) => Number(/^TimeoutStopSec=(\d+)ms$/m.exec(text)?.[1]);
  const [apart, shared] = (["port", "fd"] as const).map((listen) => stopTimeout(renderGenerationUnit(commandManifest({ listen }))));
  assert.equal(apart, Number(shared) + DELIST_WAIT_MS);
});

test("files that anybody may write to are made by no app but one that makes sockets for Caddy", () => {
  assert.doesNotMatch(renderGenerationUnit(commandManifest({ listen: "port" })), /UMask=0007/);
});

test("Caddy's configuration with slots doesn't change with a release or the command's arguments", () => {
  const one = commandManifest({ listen: "port" });
  const other = commandManifest({ listen: "port", argv: ["./server2", "--port", "{port}"], probe: "/up" });
  other.app.release.id = "e".repeat(64);
  assert.equal(renderCaddyConfig(other), renderCaddyConfig(one));
});

test("systemd takes each secret from its version's file; another version is another unit, and no value is anywhere in it", () => {
  const secrets = (digit: string) => ({
    TLS_KEY: { as: "credential" as const, version: digit.repeat(32) },
    DB: { as: "environment" as const, version: "2".repeat(32) },
  });
  const unit = renderGenerationUnit(sampleManifest({ app: { secrets: secrets("1") } }));
  assert.match(
    unit,
    /^LoadCredential=DB:\/etc\/credstore\/shop\/DB\.2{32}\nLoadCredential=TLS_KEY:\/etc\/credstore\/shop\/TLS_KEY\.1{32}\nWorkingDirectory=/m,
  );
  assert.notEqual(renderGenerationUnit(sampleManifest({ app: { secrets: secrets("3") } })), unit);
});

test("behind a balancer there is no HTTPS to let in; without a limit nothing is counted; workers on a shared socket have no ports", () => {
  const plain = sampleManifest({ https: { mode: "none", httpPort: 8080 } });
  const rules = renderFirewall({ ...plain, hardening: { firewall: { sshPorts: [22] } } }, [22]);
  assert.match(rules, /^ {4}tcp dport \{ 8080 \} accept$/m);
  assert.match(rules, /^ {4}tcp dport \{ 22 \} accept$/m);
  assert.doesNotMatch(rules, /443|ct count|udp dport 8080|output/);
});

test("no rule of the firewall names another table, and its own is replaced in one transaction", () => {
  const rules = renderFirewall({ ...sampleManifest(), hardening }, [22]);
  assert.doesNotMatch(rules, /flush/);
  assert.deepEqual(rules.match(/^.*table .*$/gm), [
    "add table inet fleetwright",
    "delete table inet fleetwright",
    "table inet fleetwright {",
  ]);
});
