/** Secrets that are kept at AWS, in a configuration. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseFleet } from "../../../infra/config/parse.ts";
import { referredSecrets } from "../../../infra/config/secret-references.ts";
import { givenSecrets } from "../../../infra/config/secrets.ts";
import { ec2Machines, groupMachines } from "../aws/samples.ts";

const ARN = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:prod/db-AbCd12";
const https = { domains: ["app.example.org"] };

const parse = (secrets: object, machines: object = groupMachines()) =>
  parseFleet("web", { app: { dir: "a", secrets }, machines, https }).app.secrets;

function problems(secrets: object, machines?: object): string {
  try {
    parse(secrets, machines);
  } catch (error) {
    return (error as Error).message;
  }
  return "";
}

test("what is given and what is kept elsewhere come apart; what was parsed can be parsed again, as a stack's is", () => {
  const secrets = {
    GIVEN: "one",
    PASSWORD: { secretsManager: ARN, key: "password", version: "11111111-2222-3333-4444-555555555555" },
    TOKEN: { ssmParameter: "/prod/token:3", as: "credential", kmsKey: "arn:aws:kms:eu-central-1:111122223333:key/k" },
  };
  const parsed = parse(secrets);
  assert.deepEqual(givenSecrets(parsed), { GIVEN: { value: "one", as: "environment" } });
  assert.deepEqual(Object.keys(referredSecrets(parsed)), ["PASSWORD", "TOKEN"]);
  assert.deepEqual(parsed.PASSWORD, { ...secrets.PASSWORD, as: "environment" });
  assert.deepEqual(parse(parsed), parsed);
});

test("every problem is told by key path, and nothing of what was given", () => {
  const found = problems({
    BOTH: { value: "hush", secretsManager: ARN },
    TWICE: { secretsManager: ARN, ssmParameter: "/a" },
    SHORT: { secretsManager: "arn:aws:secretsmanager:eu-central-1:111122223333:secret:hush" },
    VALUE: { secretsManager: "hush hush" },
    SPACE: { ssmParameter: "hush hush" },
    PART: { ssmParameter: "/a", key: "hush", version: "11111111-2222-3333-4444-555555555555" },
    ALONE: { key: "hush" },
    EMPTY: {},
    FAR: { secretsManager: ARN.replace("central", "west") },
  });
  for (const line of [
    /app\.secrets\.BOTH\.secretsManager: a secret has a value here or is kept at AWS, not both/,
    /app\.secrets\.TWICE\.ssmParameter: give "secretsManager" or "ssmParameter", not both/,
    /app\.secrets\.SHORT\.secretsManager: given a value that isn.t repeated here; allowed: the whole ARN of a secret/,
    /app\.secrets\.VALUE\.secretsManager: given .*; allowed: the whole ARN/,
    /app\.secrets\.SPACE\.ssmParameter: given .*; allowed: a parameter's name or ARN/,
    /app\.secrets\.PART\.key: goes with "secretsManager"; a parameter's version follows its name/,
    /app\.secrets\.PART\.version: goes with "secretsManager"/,
    /app\.secrets\.ALONE\.key: goes with "secretsManager"/,
    /app\.secrets\.EMPTY\.value: is missing/,
  ])
    assert.match(found, line);
  assert.doesNotMatch(found, /hush/);
});

test("a secret of another region is refused, as the machines ask in their own", () => {
  const found = problems({ FAR: { secretsManager: ARN.replace("central", "west") } });
  assert.match(found, /FAR\.secretsManager: is in eu-west-1, and the machines in eu-central-1/);
});

test("machines that are given their secrets are told how; those elsewhere have no role", () => {
  const secrets = { A: { secretsManager: ARN }, B: { ssmParameter: "/b" } };
  const ec2 = problems(secrets, ec2Machines());
  assert.match(ec2, /app\.secrets\.A\.secretsManager: is read by machines of a group .*getSecretVersionOutput/);
  assert.match(ec2, /app\.secrets\.B\.ssmParameter: is read by machines of a group .*getParameterOutput/);
  assert.match(problems(secrets, { provider: "local" }), /app\.secrets\.A\.secretsManager: .* "local" have no role at AWS: give the value/);
});
