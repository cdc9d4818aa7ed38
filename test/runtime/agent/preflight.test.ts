import assert from "node:assert/strict";
import { test } from "node:test";
import { parseOsRelease, wantedPorts } from "../../../runtime/agent/facts.ts";
import { parseListeners, unitOfCgroup } from "../../../runtime/agent/ports.ts";
import { type Facts, parseTarget, preflight, refuse, targetProblems } from "../../../runtime/agent/preflight.ts";
import { commandManifest, sampleManifest } from "./sample-manifest.ts";

const good: Facts = {
  os: { id: "debian", version: "13" },
  systemdRuns: true,
  isRoot: true,
  python: "3.13",
  nft: true,
  upgradesInstalled: false,
  runtimeInstalled: true,
  listeners: [{ protocol: "tcp", port: 443, pid: 7, command: "caddy", unit: "fleetwright-caddy.service" }],
  foreignUnits: [],
  otherApps: [],
};
const whats = (change: Partial<Facts>, manifest = sampleManifest()) => preflight({ ...good, ...change }, manifest).map(({ what }) => what);

test("a Debian machine with our own Caddy on the ports can take it", () => assert.deepEqual(whats({}), []));

test("a firewall needs nft, and is refused with the mend; without one, nothing is asked", () => {
  const manifest = { ...sampleManifest(), hardening: { firewall: { sshPorts: [22] } } };
  assert.deepEqual([whats({ nft: false }), whats({}, manifest)], [[], []]);
  const [problem] = preflight({ ...good, nft: false }, manifest);
  assert.match(`${problem?.what}. ${problem?.next}`, /no nft here\. apt-get install nftables, or set hardening\.firewall: false/);
});

const refusals: [Partial<Facts>, RegExp][] = [
  [{ os: { id: "ubuntu", version: "24.04" } }, /operating system is ubuntu 24.04/],
  [{ os: { id: "debian", version: "11" } }, /debian 11/],
  [{ isRoot: false }, /as root/],
  [{ systemdRuns: false }, /systemd/],
  [{ python: undefined }, /no python3/],
  [{ runtimeInstalled: false }, /runtime bundle/],
  [{ foreignUnits: ["/usr/lib/systemd/system/shop.socket"] }, /shop.socket is a unit of this machine/],
  [{ otherApps: ["blog"] }, /another app already: blog/],
  [
    { listeners: [{ protocol: "tcp", port: 80, pid: 9, command: "nginx", unit: "nginx.service" }] },
    /TCP port 80 is taken by nginx \(process 9, nginx.service\)/,
  ],
  [
    { listeners: [{ protocol: "udp", port: 443, pid: undefined, command: "", unit: "" }] },
    /UDP port 443 is taken by a process that can't be seen/,
  ],
];
for (const [change, expected] of refusals) {
  test(`refused: ${expected.source}`, () => {
    assert.equal(whats(change).length, 1);
    assert.match(whats(change)[0] ?? "", expected);
  });
}

test("a Node app needs no Python", () => {
  const manifest = sampleManifest();
  manifest.app.processes[0].command = { kind: "node", module: "server.ts" };
  assert.deepEqual(whats({ python: undefined }, manifest), []);
});

test("a WSGI app needs Python", () => {
  const manifest = sampleManifest();
  manifest.app.processes[0].command = { kind: "wsgi", app: "main:app" };
  assert.match(whats({ python: undefined }, manifest)[0] ?? "", /needs Python/);
});

test("slots are ports to look at: the base for Caddy, and with ports one each", () => {
  const ports = (listen: "fd" | "port" | "socket") =>
    wantedPorts(commandManifest({ listen, slots: 2, portBase: 9000 }, { mode: "none" })).map(({ port }) => port);
  assert.deepEqual([ports("fd"), ports("socket"), ports("port")], [[80], [80, 9000], [80, 9000, 9001, 9002]]);
});

test("a slot's port may be taken by a generation of the same app, Caddy's ports may not", () => {
  const manifest = commandManifest({ listen: "port", portBase: 9000 });
  const listener = (port: number, unit: string) => ({ listeners: [{ protocol: "tcp", port, pid: 9, command: "server", unit } as const] });
  assert.deepEqual(whats(listener(9001, "shop@0123456789abcdef.service"), manifest), []);
  assert.match(whats(listener(9001, "other.service"), manifest)[0] ?? "", /TCP port 9001 is taken by server \(process 9, other.service\)/);
  assert.match(whats(listener(443, "shop@0123456789abcdef.service"), manifest)[0] ?? "", /TCP port 443 is taken/);
});

test("a port on two addresses is one problem, several problems are told together", () => {
  const listener = { protocol: "tcp", port: 80, pid: 9, command: "nginx", unit: "" } as const;
  assert.equal(whats({ listeners: [listener, listener] }).length, 1);
  assert.throws(
    () => refuse(preflight({ ...good, isRoot: false, listeners: [listener] }, sampleManifest())),
    (error: { exitCode: number; log: string[] }) => error.exitCode === 3 && error.log.length === 2,
  );
});

test("a release for another Python or architecture is refused", () => {
  assert.deepEqual(targetProblems(parseTarget("x64-py3.13"), { arch: "x64", python: "3.13" }), []);
  assert.deepEqual(targetProblems(parseTarget("x64"), { arch: "x64", python: undefined }), []);
  assert.match(
    targetProblems(parseTarget("x64-py3.11"), { arch: "x64", python: "3.13" })[0]?.what ?? "",
    /Python 3.11, this machine has 3.13/,
  );
  assert.match(targetProblems(parseTarget("arm64"), { arch: "x64", python: undefined })[0]?.what ?? "", /built for arm64/);
});

test("os-release with and without quotes", () => {
  assert.deepEqual(parseOsRelease('PRETTY_NAME="Debian 13"\nVERSION_ID="13"\nID=debian\n'), { id: "debian", version: "13" });
  assert.deepEqual(parseOsRelease(""), { id: "", version: "" });
});

test("plain HTTP needs no HTTPS port, HTTPS the UDP port too", () => {
  assert.deepEqual(wantedPorts(sampleManifest({ https: { mode: "none" } })), [{ protocol: "tcp", port: 80 }]);
  assert.equal(wantedPorts(sampleManifest()).length, 3);
});

test("listening sockets are told from connections", () => {
  const text = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12345 1 0 100 0 0 10 0
   1: 0100007F:0050 0100007F:9999 01 00000000:00000000 00:00000000 00000000     0        0 12346 1 0 100 0 0 10 0
`;
  assert.deepEqual(parseListeners(text, "tcp"), [{ port: 80, inode: "12345" }]);
});

test("the unit of a process on cgroup v2, on v1, and of a login session", () => {
  assert.equal(unitOfCgroup("0::/system.slice/nginx.service\n"), "nginx.service");
  assert.equal(unitOfCgroup("1:name=systemd:/machine/system.slice/fleetwright-caddy.service\n"), "fleetwright-caddy.service");
  assert.equal(unitOfCgroup("0::/user.slice/user-0.slice/session-1.scope\n"), "");
});
