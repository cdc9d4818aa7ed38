import assert from "node:assert/strict";
import { test } from "node:test";
import { parseFleet } from "../../../infra/config/parse.ts";
import { manifestOf } from "../../../infra/rollout/manifests.ts";

const parts = {
  fleet: "web",
  machine: "web-1",
  https: { mode: "internal" as const, names: ["192.0.2.1"], httpPort: 80, httpsPort: 443 },
  app: { name: "shop", command: { kind: "node" as const, module: "server.ts" }, environment: { LEVEL: "info" } },
  runtimeId: "a".repeat(64),
  release: { id: "b".repeat(64), archive: { sha256: "c".repeat(64), bytes: 9 } },
};
const config = (more: object = {}) => parseFleet("web", { app: { dir: "shop", ...more }, machines: { provider: "local" } });

test("with no health path, any answer below 500 will do; a named path must succeed", () => {
  assert.deepEqual(manifestOf(config(), parts).app.processes[0].health, { path: "/", accept: "alive", timeoutMs: 30_000 });
  assert.deepEqual(manifestOf(config({ health: { path: "/up" } }), parts).app.processes[0].health, {
    path: "/up",
    accept: "success",
    timeoutMs: 30_000,
  });
});

test("the app is told its release, unless it has another idea of it", () => {
  assert.deepEqual(manifestOf(config(), parts).app.environment, { FLEETWRIGHT_RELEASE: parts.release.id, LEVEL: "info" });
  const own = { ...parts, app: { ...parts.app, environment: { FLEETWRIGHT_RELEASE: "mine" } } };
  assert.equal(manifestOf(config(), own).app.environment.FLEETWRIGHT_RELEASE, "mine");
});

test("recycling and the access log reach the machine, and nothing is there when nothing is said", () => {
  const recycle = { maxRequests: 1_000, maxRequestsJitter: 100 };
  const said = manifestOf(config({ recycle, accessLog: true }), parts).app.processes[0];
  assert.deepEqual([said.recycle, said.accessLog], [recycle, true]);
  const silent = manifestOf(config(), parts).app.processes[0];
  assert.deepEqual([silent.recycle, silent.accessLog], [undefined, undefined]);
});

test("an Output that turns out to be no text is refused", () => {
  const wrong = { ...parts, app: { ...parts.app, environment: { LEVEL: 3 as unknown as string } } };
  assert.throws(() => manifestOf(config(), wrong), /LEVEL/);
});

test("secrets are in the manifest as they were given, and without any there is no such key", () => {
  const secrets = { DB: { as: "environment" as const, version: "1".repeat(32) } };
  assert.deepEqual(manifestOf(config(), { ...parts, app: { ...parts.app, secrets } }).app.secrets, secrets);
  assert.ok(!JSON.stringify(manifestOf(config(), parts)).includes("secrets"));
});
