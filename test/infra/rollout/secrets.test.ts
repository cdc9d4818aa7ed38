import assert from "node:assert/strict";
import { test } from "node:test";
import { agent } from "../../../infra/rollout/agent.ts";
import { manifestSecrets, newSecretKey, secretValues } from "../../../infra/rollout/secrets.ts";
import type { FleetError } from "../../../infra/errors.ts";
import type { RunOptions } from "../../../infra/rollout/transports/connection.ts";
import { readManifest } from "../../../runtime/agent/manifest-input.ts";
import { manifest } from "../../support/samples.ts";

const key = "7".repeat(64);
const known = { DB: { value: "hush-hush", as: "environment" as const }, TLS: { value: "pem-pem", as: "credential" as const } };

test("a manifest has names, ways and versions, and no values", () => {
  const secrets = manifestSecrets(known, key);
  assert.deepEqual([secrets?.DB?.as, secrets?.TLS?.as], ["environment", "credential"]);
  assert.doesNotMatch(JSON.stringify(secrets), /hush|pem/);
  assert.equal(manifestSecrets({}, key), undefined);
});

test("two machines without a key get two keys", () => {
  assert.match(newSecretKey(), /^[0-9a-f]{64}$/);
  assert.notEqual(newSecretKey(), newSecretKey());
});

test("an Output that turns out to be no text is refused by its name, as a mistake in the configuration", () => {
  const wrong = { ...known, MORE: { value: 5551234 as unknown as string, as: "environment" as const } };
  assert.throws(
    () => secretValues(wrong),
    (error: FleetError) =>
      error.exitCode === 2 && /app\.secrets\.MORE: must be text/.test(error.message) && !error.message.includes("5551234"),
  );
  assert.deepEqual(secretValues(known), { DB: "hush-hush", TLS: "pem-pem" });
});

test("values go to the agent on standard input, in the form that it takes, and only where they are asked for", async () => {
  const base = manifest();
  const wanted = { ...base, app: { ...base.app, secrets: manifestSecrets(known, key) } };
  const runs: { command: string; stdin: string }[] = [];
  const connection = {
    run: async (command: string, options: RunOptions = {}) => {
      runs.push({ command, stdin: String(options.stdin) });
      options.onLine?.('{"event":"done","result":{}}');
      return { code: 0, stdout: "", stderr: "" };
    },
    close: async () => undefined,
  };
  const machine = {
    name: "web-1",
    transport: { kind: "ssh" as const, host: "h", port: 22, user: "root", hostKey: "k" },
    applyId: "id",
    runtimeArchive: { sha256: "3".repeat(64), bytes: 1 },
    manifest: wanted,
    secretKey: key,
  };
  const session = { machine, connection };
  await agent(session, () => undefined, ["stage"], { secrets: secretValues(known) });
  await agent(session, () => undefined, ["switch"]);
  const [staged, switched] = runs;
  assert.deepEqual(readManifest(staged?.stdin ?? ""), { manifest: wanted, secrets: { values: secretValues(known), key } });
  assert.deepEqual(readManifest(switched?.stdin ?? ""), { manifest: wanted, secrets: { values: {}, key: undefined } });
  assert.doesNotMatch(runs.map(({ command }) => command).join("\n") + (switched?.stdin ?? ""), /hush|pem-pem|7777/);
});
