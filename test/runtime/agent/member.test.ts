import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { AgentFailure } from "../../../runtime/agent/failure.ts";
import { member } from "../../../runtime/agent/member.ts";
import { pathsUnder } from "../../../runtime/agent/paths.ts";
import { groupManifest } from "../../../runtime/group.ts";
import { manifest } from "../../support/samples.ts";

const SECRET = "correct horse";
const stored = {
  stored: { arn: "arn:aws:secretsmanager:eu-central-1:1:secret:web", versionId: "1" },
  references: {},
  as: { DB_PASSWORD: "environment" as const },
};

function machine(t: TestContext) {
  const root = mkdtempSync(join(tmpdir(), "fleetwright-member-"));
  t.after(() => rmSync(root, { recursive: true }));
  const write = (name: string, text: string) => {
    writeFileSync(join(root, name), text);
    return join(root, name);
  };
  const group = write("group", JSON.stringify(groupManifest(manifest(), { sha256: "3".repeat(64), bytes: 1 }, stored)));
  const options = { group, name: "i-0123456789abcdef0", address: "10.80.0.5" };
  const of = (secrets?: string) => member({ paths: pathsUnder(root) }, { ...options, secrets });
  /** With that answer to the only question. */
  const answered = (text: string) => {
    write("0", text);
    return of(root);
  };
  return { write, of, answered, options, root };
}

const answer = (values: object) => JSON.stringify({ Name: "web", SecretString: JSON.stringify(values) });

test("the manifest comes with the values that it needs, with no others, and with a key", async (t) => {
  const { answered } = machine(t);
  const made = (await answered(answer({ DB_PASSWORD: SECRET, OTHER: "x" }))) as { secrets: object; secretKey: string };
  assert.deepEqual(made.secrets, { DB_PASSWORD: SECRET });
  assert.match(made.secretKey, /^[0-9a-f]{64}$/);
});

test("a value that isn't there, and an answer that is none, are refused without a word of what they hold", async (t) => {
  const { of, answered } = machine(t);
  const refusal = (how: RegExp) => (error: AgentFailure) => {
    assert.ok(error instanceof AgentFailure);
    assert.match(error.log.join("\n"), how);
    assert.ok(!`${error.message} ${error.next} ${error.log}`.includes(SECRET));
    return true;
  };
  await assert.rejects(of(), refusal(/^DB_PASSWORD: there is no answer about it$/));
  for (const text of [answer({}), SECRET, JSON.stringify({ SecretString: SECRET }), answer({ DB_PASSWORD: { value: SECRET } })]) {
    await assert.rejects(answered(text), refusal(/^DB_PASSWORD: Secrets Manager has no value for it$/));
  }
});

test("a group's manifest of another version is refused by key path", async (t) => {
  const { write, options, root } = machine(t);
  const group = write("other", JSON.stringify({ schema: 2 }));
  await assert.rejects(member({ paths: pathsUnder(root) }, { ...options, group }), (error: AgentFailure) => {
    assert.match(error.log.join("\n"), /^schema: /m);
    return true;
  });
});
