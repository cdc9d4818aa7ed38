/** What a group's machine asks AWS, and what it makes of the answers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { GroupSecrets } from "../../runtime/group.ts";
import { readValues, secretReads } from "../../runtime/group-secrets.ts";

const ARN = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:prod/db-AbCd12";
const secrets: GroupSecrets = {
  stored: { arn: "arn:aws:secretsmanager:eu-central-1:1:secret:web", versionId: "v-1" },
  references: {
    USER: { secretsManager: ARN, key: "user" },
    PORT: { secretsManager: ARN, key: "port" },
    OLD: { secretsManager: ARN, version: "v-2" },
    TOKEN: { ssmParameter: "/prod/token" },
  },
  as: { GIVEN: "environment", USER: "environment", PORT: "environment", OLD: "credential", TOKEN: "environment" },
};
const answers = {
  0: JSON.stringify({ SecretString: JSON.stringify({ GIVEN: "one", OTHER: "x" }) }),
  1: JSON.stringify({ SecretString: JSON.stringify({ user: "shop", port: 5432 }) }),
  2: JSON.stringify({ SecretString: "an old text" }),
  3: JSON.stringify({ Parameter: { Value: "a token" } }),
};

test("each request once, one line each, with the secrets that its answer holds", () => {
  const ofSecret = { service: "secretsmanager", target: "secretsmanager.GetSecretValue" };
  assert.deepEqual(secretReads(secrets), [
    { file: "0", ...ofSecret, body: `{"SecretId":"${secrets.stored?.arn}","VersionId":"v-1"}`, names: ["GIVEN"] },
    { file: "1", ...ofSecret, body: `{"SecretId":"${ARN}"}`, names: ["USER", "PORT"] },
    { file: "2", ...ofSecret, body: `{"SecretId":"${ARN}","VersionId":"v-2"}`, names: ["OLD"] },
    { file: "3", service: "ssm", target: "AmazonSSM.GetParameter", body: '{"Name":"/prod/token","WithDecryption":true}', names: ["TOKEN"] },
  ]);
  assert.deepEqual(secretReads(undefined), []);
});

test("the values are those of the names, and no others", () => {
  assert.deepEqual(readValues(secrets, answers), {
    values: { GIVEN: "one", USER: "shop", PORT: "5432", OLD: "an old text", TOKEN: "a token" },
    problems: [],
  });
});

test("what can't be a secret is told by its name and its place, without a word of it", () => {
  const { problems } = readValues(secrets, {
    0: "hush",
    1: JSON.stringify({ SecretString: JSON.stringify({ user: { hush: 1 }, port: "" }) }),
    2: JSON.stringify({ SecretBinary: "aHVzaA==" }),
  });
  assert.deepEqual(problems, [
    "GIVEN: Secrets Manager has no value for it",
    `USER: ${ARN} is no JSON object with a text or a number at "user"`,
    "PORT: what is kept is empty: give it a value, or remove it",
    `OLD: ${ARN} has no text; one of bytes can't be used`,
    "TOKEN: there is no answer about it",
  ]);
});

test("a key that every object has by itself is none of the secret's", () => {
  const { problems } = readValues(
    { references: { A: { secretsManager: ARN, key: "toString" } }, as: { A: "environment" } },
    { 0: JSON.stringify({ SecretString: "{}" }) },
  );
  assert.equal(problems.length, 1);
});
