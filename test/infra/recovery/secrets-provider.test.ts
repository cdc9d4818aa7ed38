import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import { configSecrets, providerOf, sameUnderAnother, stateUnder, withoutProvider } from "../../../infra/recovery/secrets-provider.ts";

const KMS = `secretsprovider: awskms://alias/fleet?region=eu-west-1
encryptedkey: QUJD
config:
  # where customers are
  fleetwright:fleet:
    name: shop
    app:
      secrets:
        TOKEN:
          secure: v1:a
        with.dots "and quotes":
          secure: v1:b
    hosts:
      - address: 192.0.2.1
      - address:
          secure: v1:c
  aws:region: eu-west-1
  fleetwright:whole:
    secure: v1:d
`;

const plain = {
  "fleetwright:fleet": JSON.stringify({
    app: { secrets: { TOKEN: "one", 'with.dots "and quotes"': "two\n" } },
    hosts: [{ address: "192.0.2.1" }, { address: "192.0.2.2" }],
  }),
  "fleetwright:whole": '{"not": "parsed"}',
};

test("the provider is the file's, with its query; a set's name of it has none", () => {
  assert.equal(providerOf(KMS, "awskms://alias/fleet"), "awskms://alias/fleet?region=eu-west-1");
  assert.equal(providerOf("encryptionsalt: v1:x\n", "service"), "passphrase");
  assert.equal(providerOf("secretsprovider: default\n", "service"), "service");
  assert.equal(providerOf("", "service"), "service");
});

test("a file without its provider has nothing encrypted, and all else, comments too", () => {
  const text = withoutProvider(KMS);
  assert.doesNotMatch(text, /secure|v1:|awskms|encryptedkey/);
  assert.match(text, /# where customers are/);
  const { config } = parse(text);
  assert.deepEqual(config["fleetwright:fleet"].hosts, [{ address: "192.0.2.1" }, { address: "" }]);
  assert.deepEqual(config["fleetwright:fleet"].app.secrets, { TOKEN: "", 'with.dots "and quotes"': "" });
});

test("each secret has the path that Pulumi sets it by, and its value as it was", () => {
  assert.deepEqual(configSecrets(KMS, plain), [
    { path: "fleetwright:fleet.app.secrets.TOKEN", value: "one" },
    { path: String.raw`fleetwright:fleet.app.secrets["with.dots \"and quotes\""]`, value: "two\n" },
    { path: "fleetwright:fleet.hosts[1].address", value: "192.0.2.2" },
    { path: "fleetwright:whole", value: '{"not": "parsed"}' },
  ]);
});

test("a secret that isn't among those that were sealed is named", () => {
  const without = { ...plain, "fleetwright:fleet": '{"app":{"secrets":{}}}' };
  assert.throws(() => configSecrets(KMS, without), /lacks a secret .*app\.secrets\.TOKEN/);
  assert.throws(() => configSecrets(KMS, { "fleetwright:fleet": plain["fleetwright:fleet"] }), /lacks a secret .*fleetwright:whole/);
});

test("a plain state is to be encrypted by the file's provider", () => {
  const state = { version: 3, deployment: { secrets_providers: { type: "cloud", state: {} }, resources: [1] } };
  assert.deepEqual(stateUnder(state, "encryptionsalt: v1:x\n"), {
    version: 3,
    deployment: { resources: [1], secrets_providers: { type: "passphrase", state: { salt: "v1:x" } } },
  });
  const kms = { type: "cloud", state: { url: "awskms://alias/fleet?region=eu-west-1", encryptedkey: "QUJD" } };
  assert.deepEqual(stateUnder(state, KMS), { version: 3, deployment: { resources: [1], secrets_providers: kms } });
});

test("a file is the same under another provider only with all of its secrets encrypted", () => {
  const other = KMS.replace(/^secretsprovider.*\nencryptedkey.*\n/, "").replaceAll("v1:", "v1:other:");
  assert.ok(sameUnderAnother(`${other}encryptionsalt: v1:x\n`, KMS));
  assert.ok(!sameUnderAnother(withoutProvider(KMS), KMS));
  assert.ok(!sameUnderAnother(other.replace("name: shop", "name: other"), KMS));
});
