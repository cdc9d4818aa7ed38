import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { agentCommand, installRuntimeCommand, probeScript, receiveCommand } from "../../../infra/rollout/commands.ts";
import { isSupported, parseFacts } from "../../../infra/rollout/observation.ts";

test("the probe is plain POSIX shell, and what it prints is understood", () => {
  const output = execFileSync("sh", ["-c", probeScript()], { encoding: "utf8" });
  const probe = parseFacts(output);
  assert.ok(probe);
  assert.match(probe.facts.target.arch, /^(x64|arm64)$/);
  assert.ok(probe.facts.cores >= 1);
});

test("a greeting in the output doesn't matter; a report that was cut off is no report", () => {
  const lines = [
    "Welcome!",
    "fleetwright.os=debian",
    "fleetwright.os-version=13",
    "fleetwright.arch=aarch64",
    "fleetwright.python=",
    "fleetwright.root=no",
  ];
  assert.equal(parseFacts(lines.join("\n")), undefined);
  const probe = parseFacts([...lines, "fleetwright.end=yes"].join("\n"));
  assert.deepEqual(probe?.facts.target, { arch: "arm64", python: undefined });
  assert.equal(probe?.facts.root, false);
});

test("folders that aren't runtime bundles are no runtimes", () => {
  const id = "a".repeat(64);
  assert.deepEqual(parseFacts(`fleetwright.runtimes=.${id}.12 ${id} lost+found\nfleetwright.end=yes`)?.runtimes, [id]);
});

test("every command that changes something is valid shell", () => {
  const id = "b".repeat(64);
  for (const script of [receiveCommand(id), installRuntimeCommand(id, id), agentCommand(id, "switch", "--apply-id", "it's")]) {
    execFileSync("sh", ["-n", "-c", script]);
  }
});

test("only processors that there is a runtime bundle for are supported", () => {
  const facts = (arch: string) => parseFacts(`fleetwright.arch=${arch}\nfleetwright.end=yes`)?.facts ?? assert.fail();
  assert.deepEqual(
    ["x86_64", "aarch64", "riscv64"].map((arch) => isSupported(facts(arch))),
    [true, true, false],
  );
});

test("a machine's key for secrets is told, unless it has none", () => {
  const key = (text: string) => parseFacts(`fleetwright.secret-key=${text}\nfleetwright.end=yes`)?.secretKey;
  assert.equal(key("a".repeat(64)), "a".repeat(64));
  assert.equal(key(""), undefined);
});
