import assert from "node:assert/strict";
import { test } from "node:test";
import { caddyChange } from "../../../runtime/agent/caddy-service.ts";
import { startFailure } from "../../../runtime/agent/gate.ts";
import type { State } from "../../../runtime/agent/records.ts";
import { humanLines } from "../../../runtime/agent/reporter.ts";
import { claims, judgeHealth, liveGeneration, urlsOf } from "../../../runtime/agent/status.ts";
import { parseUnits } from "../../../runtime/agent/systemd.ts";
import { sampleManifest } from "./sample-manifest.ts";

test("a record says nothing about a generation that systemd did not enable", () => {
  const state = { generation: "a1", manifestHash: "h", applyId: "x" } as State;
  assert.deepEqual(claims(state, "a1"), { manifestHash: "h", applyId: "x" });
  assert.deepEqual(claims(state, "b2"), { manifestHash: "", applyId: "" });
  assert.deepEqual(claims(undefined, "b2"), { manifestHash: "", applyId: "" });
});

test("an unconfirmed generation that runs is the live one", () => {
  assert.equal(liveGeneration({ enabled: ["a1"], running: ["a1", "b2"], active: [] }, "a1"), "b2");
  assert.equal(liveGeneration({ enabled: ["a1"], running: ["a1"], active: [] }, "a1"), "a1");
  assert.equal(liveGeneration({ enabled: ["a1"], running: [], active: ["a1"] }, "a1"), undefined);
});

test("healthy needs an answer through Caddy and all workers", () => {
  const workers = (ready: number) => ({ workers: { target: 2, wanted: 2, ready, pids: [] } });
  const answer = { healthy: true, status: 200 } as const;
  assert.equal(judgeHealth(answer, workers(2)).state, "healthy");
  assert.deepEqual(judgeHealth(answer, workers(1)), { state: "degraded", detail: "1 of 2 workers are ready" });
  assert.equal(judgeHealth(answer, undefined).state, "degraded");
  assert.equal(judgeHealth({ healthy: false, why: "no" }, workers(2)).state, "down");
});

test("URLs leave out the usual port and bracket IPv6", () => {
  assert.deepEqual(urlsOf(sampleManifest({ https: { names: ["192.0.2.7", "2001:db8::1"] } }).https), [
    "https://192.0.2.7",
    "https://[2001:db8::1]",
  ]);
  assert.deepEqual(urlsOf(sampleManifest({ https: { names: ["a.example"], httpsPort: 8443 } }).https), ["https://a.example:8443"]);
  assert.deepEqual(urlsOf(sampleManifest({ https: { names: ["a.example"], mode: "none" } }).https), ["http://a.example"]);
});

test("several units of systemctl show are read apart", () => {
  const text =
    "Id=shop@a1.service\nActiveState=active\nResult=success\nExecMainStatus=0\nNRestarts=2\n\n" +
    "Id=shop@b2.service\nActiveState=failed\nResult=exit-code\nExecMainStatus=3\nNRestarts=0\n";
  assert.deepEqual(
    parseUnits(text).map(({ unit, active, mainStatus, restarts }) => [unit, active, mainStatus, restarts]),
    [
      ["shop@a1.service", "active", 0, 2],
      ["shop@b2.service", "failed", 3, 0],
    ],
  );
});

test("a failed start is told in words", () => {
  const text = (result: string, mainStatus: number) => startFailure({ result, mainStatus }, sampleManifest());
  assert.match(text("exit-code", 3), /no worker got ready/);
  assert.match(text("exit-code", 203), /exit code 203/);
  assert.match(text("timeout", 0), /not ready in time \(bootTimeoutMs is 30000\)/);
  assert.match(text("oom-kill", 0), /more memory/);
});

test("Caddy is restarted only for its unit, reloaded only for its configuration", () => {
  const running = { running: true, unitChanged: false, configChanged: false };
  assert.equal(caddyChange(running), "none");
  assert.equal(caddyChange({ ...running, configChanged: true }), "reload");
  assert.equal(caddyChange({ ...running, unitChanged: true, configChanged: true }), "restart");
  assert.equal(caddyChange({ ...running, running: false }), "start");
});

test("a failure for people says what happened, the log, what is kept and what to do", () => {
  const lines = humanLines({
    event: "failed",
    error: { step: "start", what: "it broke", kept: "the old one", next: "mend it", log: ["line"] },
  });
  assert.deepEqual(lines, ["failed (start): it broke", "  | line", "Left as it is: the old one", "What to do: mend it"]);
});
