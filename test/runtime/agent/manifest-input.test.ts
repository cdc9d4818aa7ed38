import assert from "node:assert/strict";
import { test } from "node:test";
import { readManifest, requireInput } from "../../../runtime/agent/manifest-input.ts";
import { sampleManifest } from "./sample-manifest.ts";

const problemsOf = (value: unknown) => {
  const input = readManifest(typeof value === "string" ? value : JSON.stringify(value));
  return "problems" in input ? input.problems : [];
};

test("a good manifest has no problems", () => assert.deepEqual(problemsOf(sampleManifest()), []));

test("all problems are told at once, each by its key path", () => {
  const manifest = sampleManifest();
  const [web] = manifest.app.processes;
  const problems = problemsOf({
    ...manifest,
    surplus: 1,
    app: {
      ...manifest.app,
      name: "No Name",
      processes: [{ ...web, health: { ...web.health, path: "x", more: 2 } }],
    },
  });
  assert.deepEqual(problems.map((problem) => problem.split(": ")[0]).sort(), [
    "app.name",
    "app.processes[0].health.more",
    "app.processes[0].health.path",
    "surplus",
  ]);
  assert.match(problems.join("\n"), /surplus: unknown key/);
});

test("an empty stdin and broken JSON are told apart", () => {
  assert.match(problemsOf("")[0] ?? "", /stdin is empty/);
  assert.match(problemsOf("{")[0] ?? "", /not JSON/);
});

test("a NUL character can't be in an environment", () => {
  assert.deepEqual(problemsOf(sampleManifest({ app: { environment: { A: "x\0y" } } })), [
    "app.environment.A: a value can't contain a NUL character",
  ]);
});

test("a wrong manifest ends with exit code 2 and lists the problems", () => {
  assert.throws(
    () => requireInput("{}"),
    (error: { exitCode: number; log: string[] }) => error.exitCode === 2 && error.log.length > 3,
  );
});

const withSecret = () => sampleManifest({ app: { secrets: { DB: { as: "environment", version: "1".repeat(32) } } } });

test("values come beside the manifest", () => {
  const manifest = withSecret();
  const key = "a".repeat(64);
  assert.deepEqual(readManifest(JSON.stringify({ manifest, secrets: { DB: "x" }, secretKey: key })), {
    manifest,
    secrets: { values: { DB: "x" }, key },
  });
  assert.deepEqual(problemsOf({ manifest }), []);
});

test("what is wrong with values is told without them, and problems in a manifest have the same paths with and without", () => {
  const manifest = withSecret();
  const wrong = problemsOf({ manifest, secrets: { DB: "hush\0", OTHER: "hush" } });
  assert.deepEqual(wrong, ["secrets.DB: can't contain a NUL character", "secrets.OTHER: the manifest has no such secret"]);
  const broken = { ...manifest, fleet: "No Name" };
  assert.deepEqual(
    problemsOf({ manifest: broken }),
    problemsOf(broken).map((problem) => `manifest.${problem}`),
  );
  assert.match(problemsOf(broken)[0] ?? "", /^fleet: /);
});

test("broken JSON is told without a piece of it", () => {
  for (const text of ['{"secrets":{"DB":"hush" "x"}}', '{"DB":"hush-hush', "hush", '{"DB":hush}'])
    assert.doesNotMatch(problemsOf(text).join("\n"), /hush/);
});
