import assert from "node:assert/strict";
import { test } from "node:test";
import type { FleetError } from "../../../infra/errors.ts";
import { observeThrough } from "../../../infra/rollout/observe.ts";

const transport = { kind: "ssh" as const, host: "h", port: 22, user: "root", hostKey: "k" };
const answering = (stdout: string) => ({ run: async () => ({ code: 0, stdout, stderr: "" }), close: async () => undefined });
const key = "7".repeat(64);
const answers = [
  "os=debian",
  "os-version=13",
  "arch=x86_64",
  "python=3.13",
  "cores=1",
  "runtimes=",
  "root=yes",
  `secret-key=${key}`,
  "end=yes",
];
const probe = (lines: readonly string[]): string => lines.map((line) => `fleetwright.${line}\n`).join("");

test("a machine says the key of its secrets' versions, and one without a key says none", async () => {
  const keyOf = async (stdout: string) => {
    const sight = await observeThrough("web-1", transport, answering(stdout), 100);
    return sight.state === "reachable" ? sight.secretKey : "unreachable";
  };
  assert.equal(await keyOf(probe(answers)), key);
  assert.equal(await keyOf(probe(answers.map((line) => (line.startsWith("secret-key") ? "secret-key=" : line)))), undefined);
});

test("when answers are cut off, the machine's own words are repeated, and its key is not", async () => {
  const cut = `Welcome! Choose a menu entry.\n${probe(answers.slice(0, -1))}`;
  await assert.rejects(observeThrough("web-1", transport, answering(cut), 100), (error: FleetError) => {
    assert.match(error.message, /Choose a menu entry/);
    assert.doesNotMatch(error.message, /7777/);
    return true;
  });
});
