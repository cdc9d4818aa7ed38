import assert from "node:assert/strict";
import { test } from "node:test";
import { groupManifest, groupManifestSchema, memberManifest } from "../../runtime/group.ts";
import { generationOf } from "../../runtime/manifest.ts";
import { secretVersion } from "../../runtime/secrets.ts";
import { manifest } from "../support/samples.ts";

const archive = { sha256: "3".repeat(64), bytes: 2000 };
const key = "a".repeat(64);
const stored = {
  stored: { arn: "arn:aws:secretsmanager:eu-central-1:111122223333:secret:web", versionId: "11111111-2222" },
  references: {},
  as: { DB_PASSWORD: "environment", TLS_KEY: "credential" } as const,
};
const sample = manifest({
  machine: "machine",
  https: { mode: "internal", names: ["machine", "app.example.org"], httpPort: 80, httpsPort: 443 },
});

test("what a machine makes of it is its own manifest, and all else is the group's", () => {
  const group = groupManifestSchema.parse(JSON.parse(JSON.stringify(groupManifest(sample, archive, undefined))));
  const made = memberManifest(group, { name: "i-0123456789abcdef0", address: "10.80.0.5", secretKey: key, values: {} });
  assert.deepEqual(JSON.parse(JSON.stringify(made)), {
    ...sample,
    machine: "i-0123456789abcdef0",
    https: { ...sample.https, names: ["10.80.0.5", "app.example.org"] },
  });
});

test("nothing of any one machine is in it, and of secrets no more than names and where they are", () => {
  const text = JSON.stringify(groupManifest({ ...sample, machine: "sample-machine" }, archive, stored));
  assert.doesNotMatch(text, /sample-machine|192\.0\.2\.1/);
  assert.match(text, /"as":\{"DB_PASSWORD":"environment","TLS_KEY":"credential"\}/);
});

test("versions of secrets are of the machine's own key: two machines show no equal values", () => {
  const group = groupManifest(sample, archive, stored);
  const member = (secretKey: string) => ({ name: "i-0", address: "10.80.0.5", secretKey, values: { DB_PASSWORD: "x", TLS_KEY: "x" } });
  const [one, two] = [memberManifest(group, member(key)), memberManifest(group, member("b".repeat(64)))];
  assert.deepEqual(one.app.secrets, {
    DB_PASSWORD: { as: "environment", version: secretVersion(key, "DB_PASSWORD", "x") },
    TLS_KEY: { as: "credential", version: secretVersion(key, "TLS_KEY", "x") },
  });
  assert.notEqual(generationOf(one), generationOf(two));
});

test("what the boot script reads stands first, in its order", () => {
  const text = JSON.stringify(groupManifest(sample, archive, stored));
  const front = /^\{"schema":1,"runtime":\{"id":"[0-9a-f]{64}","sha256":"3{64}"[^}]*\},"release":\{"sha256":"2{64}"[^}]*\},/;
  assert.match(text, front);
});
