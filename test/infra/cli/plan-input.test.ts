import assert from "node:assert/strict";
import { test } from "node:test";
import { confidentialIn, readPlan } from "../../../infra/cli/plan-input.ts";
import type { Plan } from "../../../infra/rollout/plan.ts";
import { manifest } from "../../support/samples.ts";

const login = { host: "h", port: 22, user: "root", hostKey: "k" };
const plan: Plan = {
  schema: 1,
  fleet: "web",
  release: "1".repeat(64),
  machines: [
    {
      name: "web-1",
      transport: { kind: "ssh", ...login, privateKey: "hush-login", bastion: { ...login, privateKey: "hush-bastion" } },
      applyId: "id",
      runtimeArchive: { sha256: "3".repeat(64), bytes: 1 },
      manifest: manifest(),
      secretKey: "7".repeat(64),
    },
  ],
  secrets: { DB: "hush-hush" },
  skipped: [],
  options: { batch: 1, pauseMs: 0, connectTimeoutMs: 1, leaseMs: 1, surge: "auto" },
};

function messageOf(input: string): string {
  try {
    readPlan(input);
  } catch (error) {
    return (error as Error).message;
  }
  return "";
}

test("a plan comes in as it went out, and all in it that nobody may see is known", () => {
  assert.deepEqual(readPlan(JSON.stringify(plan)), plan);
  assert.deepEqual(confidentialIn(plan), ["hush-hush", "7".repeat(64), "hush-login", "hush-bastion"]);
});

test("a plan that was cut off, or is another one, is refused without a word of it", () => {
  assert.match(messageOf('{"secrets":{"DB":hush-hush'), /is not whole/);
  const wrong = [
    { ...plan, secrets: { DB: ["hush-hush"] } },
    { ...plan, more: "hush-hush" },
    { ...plan, schema: "hush-hush" },
  ].map((value) => messageOf(JSON.stringify(value)));
  for (const message of wrong) {
    assert.notEqual(message, "");
    assert.doesNotMatch(message, /hush/);
  }
  assert.doesNotMatch(messageOf('{"secrets":{"DB":hush-hush'), /hush/);
});
