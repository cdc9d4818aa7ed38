import assert from "node:assert/strict";
import { test } from "node:test";
import { type AccountCheck, accountOfRole, awsPlaceOf, judgeAccount, makesOnAws, onAws } from "../../../infra/recovery/account.ts";

const recorded = { account: "111111111111", machines: true };
const judged = (about: Partial<AccountCheck>) =>
  judgeAccount({ recorded, now: { id: "222222222222" }, makes: true, others: false, ...about });
const nothing = { refusals: [], touches: [], warnings: [] };

test("credentials of another account are refused where machines would be made, with both accounts", () => {
  const { refusals, ...rest } = judged({});
  assert.match(refusals.join(), /credentials of AWS account 222222222222; the fleet was in account 111111111111/);
  assert.deepEqual(rest, { touches: [], warnings: [] });
  assert.deepEqual(judged({ now: { id: recorded.account } }), nothing);
});

test("with other machines they may be meant: somebody must agree", () => {
  assert.match(judged({ others: true }).touches.join(), /would be made in 222222222222/);
});

test("where nothing is made on AWS, they are only told", () => {
  assert.match(judged({ makes: false }).warnings.join(), /222222222222.*111111111111/);
  assert.deepEqual(judged({ makes: false }).refusals, []);
});

test("credentials that are nobody's stop only what needs them", () => {
  const now = { why: "no credentials" };
  assert.match(judged({ now }).refusals.join(), /111111111111 is the fleet's, .* isn't known: no credentials/);
  assert.match(judged({ now, makes: false }).warnings.join(), /isn't known/);
});

test("a fleet that was never on AWS has no account", () => {
  assert.deepEqual(judged({ recorded: undefined }), nothing);
});

test("a fleet is on AWS by its resources or its store; a bucket with an endpoint of its own isn't Amazon's", () => {
  const types = ["pulumi:pulumi:Stack", "command:local:Command"];
  assert.deepEqual(onAws(types, ["/mnt/store", "s3://b?region=x&endpoint=https://minio"]), { machines: false, store: false });
  assert.deepEqual(onAws([...types, "aws:ec2/instance:Instance"], ["s3://b?region=eu-west-1"]), { machines: true, store: true });
  assert.equal(makesOnAws("config:\n  fleetwright:fleet:\n    machines: { provider: ec2 }\n"), true);
  assert.equal(makesOnAws("config:\n  fleetwright:fleet:\n    machines: { provider: hosts }\n"), false);
  assert.equal(makesOnAws("config: {}\n"), undefined);
});

test("AWS is asked as the stack's own provider asks it", () => {
  const text = "config:\n  aws:region: eu-west-1\n  aws:profile: shop\n";
  assert.deepEqual(awsPlaceOf(text, { AWS_REGION: "eu-west-2" }), { region: "eu-west-1", profile: "shop" });
  assert.deepEqual(awsPlaceOf("", { AWS_REGION: "eu-west-2" }), { region: "eu-west-2", profile: undefined });
  assert.deepEqual(awsPlaceOf("", {}), { region: "us-east-1", profile: undefined });
});

test("a provider that takes a role works in the role's account, whoever is logged in", () => {
  const role = (id: string) => `arn:aws:iam::${id}:role/deploy`;
  assert.equal(accountOfRole(`config:\n  aws:assumeRole:\n    roleArn: ${role("111122223333")}\n`), "111122223333");
  const chain = [role("111122223333"), role("444455556666")].map((arn) => `    - roleArn: ${arn}\n`).join("");
  assert.equal(accountOfRole(`config:\n  aws:assumeRoles:\n${chain}`), "444455556666");
  for (const text of ["", "config: {}\n", "config:\n  aws:assumeRole: {}\n"]) assert.equal(accountOfRole(text), undefined, text);
});
