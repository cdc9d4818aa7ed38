import assert from "node:assert/strict";
import { test } from "node:test";
import { outcome, type ProgramRun, programArguments, programEnvironment, words } from "../../../../infra/offline/language-host/program.ts";

const run: ProgramRun = {
  engine: "127.0.0.1:1",
  monitor: "127.0.0.1:2",
  organization: "org",
  project: "p",
  stack: "s",
  rootDirectory: "/p",
  programDirectory: "/p/infra",
  entryPoint: "index.ts",
  args: [],
  dryRun: true,
  parallel: 16,
  config: { "p:a": "1", "aws:config:region": "r" },
  secretKeys: ["p:a"],
  options: { typescript: false, nodeargs: "--conditions 'a b'" },
};

test("the program is started with what the engine said", () => {
  const args = programArguments(run, "/sdk/run.js");
  assert.deepEqual(args.slice(0, 3), ["--conditions", "a b", "/sdk/run.js"]);
  assert.equal(args.at(-1), "index.ts");
  assert.equal(args[args.indexOf("--pwd") + 1], "/p/infra");
  assert.ok(args.includes("--dry-run"));
  assert.ok(!programArguments({ ...run, dryRun: false }, "x").includes("--dry-run"));
});

test("configuration keys get the form the SDK reads, and none gets it twice", () => {
  const env = programEnvironment(run);
  assert.deepEqual(JSON.parse(env["PULUMI_CONFIG"] ?? ""), { "p:config:a": "1", "aws:config:region": "r" });
  assert.equal(env["PULUMI_CONFIG_SECRET_KEYS"], '["p:a"]');
});

test("TypeScript by ts-node is on unless Pulumi.yaml turns it off, as in the official host", () => {
  assert.equal(programEnvironment(run)["PULUMI_NODEJS_TYPESCRIPT"], undefined);
  assert.equal(programEnvironment({ ...run, options: {} })["PULUMI_NODEJS_TYPESCRIPT"], "true");
});

test("exit codes: done, already told, failed, ended by a signal", () => {
  assert.deepEqual(outcome(0, null), { kind: "done" });
  assert.deepEqual(outcome(32, null), { kind: "told" });
  assert.deepEqual(outcome(1, null), { kind: "failed", error: "Program exited with non-zero exit code: 1" });
  assert.deepEqual(outcome(null, "SIGKILL"), { kind: "failed", error: "Program was ended by SIGKILL" });
});

test("quotes keep blanks together", () => {
  assert.deepEqual(words(`--a "b c" 'd e'  f`), ["--a", "b c", "d e", "f"]);
});
