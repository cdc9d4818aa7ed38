import assert from "node:assert/strict";
import { test } from "node:test";
import { clashes, type StackGraph } from "../../../../infra/aws/rules/clashes.ts";
import type { GraphResource } from "../../../../infra/aws/rules/graph.ts";

type Given = [type: string, inputs: Record<string, unknown>];

function stack(name: string, region: string, ...resources: Given[]): StackGraph {
  const made = resources.map(([type, inputs], index): GraphResource => ({ type, name: `r-${index}`, inputs }));
  return { stack: name, region, resources: made };
}

const role: Given = ["aws:iam/role:Role", { name: "machines" }];
const topic: Given = ["aws:sns/topic:Topic", { name: "ops" }];
const record = (more: object): Given => ["aws:route53/record:Record", { zoneId: "Z", name: "shop.example.org", type: "A", ...more }];
const part = (setIdentifier: string, type: string) => record({ setIdentifier, failoverRoutingPolicies: [{ type }] });

const cases: [what: string, prod: Given, dr: Given, clashing: boolean][] = [
  ["a role of the same name, in whichever regions", role, role, true],
  ["a bucket of the same name", ["aws:s3/bucket:Bucket", { bucket: "b" }], ["aws:s3/bucket:Bucket", { bucket: "b" }], true],
  ["a role that Pulumi names", ["aws:iam/role:Role", {}], ["aws:iam/role:Role", {}], false],
  ["a topic of the same name in two regions", topic, topic, false],
  ["one record twice", record({}), record({}), true],
  ["both parts of a failover", part("prod", "PRIMARY"), part("dr", "SECONDARY"), false],
  ["the same part twice", part("prod", "PRIMARY"), part("dr", "PRIMARY"), true],
  ["two parts of one identifier", part("prod", "PRIMARY"), part("prod", "SECONDARY"), true],
  ["what proves a certificate", record({ allowOverwrite: true }), record({ allowOverwrite: true }), false],
];

for (const [what, prod, dr, clashing] of cases) {
  test(`two stacks ${clashing ? "can't both" : "can both"} have ${what}`, () => {
    const found = clashes([stack("prod", "eu-central-1", prod), stack("dr", "eu-west-1", dr)]);
    assert.equal(found.length, clashing ? 1 : 0, JSON.stringify(found));
  });
}

test("a topic of the same name in one region is told with both stacks and the mend; within one stack AWS or Pulumi says it", () => {
  const [found] = clashes([stack("blue", "eu-central-1", topic), stack("green", "eu-central-1", topic)]);
  assert.deepEqual(found, {
    rule: "clash",
    resource: "aws:sns/topic:Topic r-0",
    message: 'of green has the name "ops" of a Topic in eu-central-1, as aws:sns/topic:Topic r-0 of blue has; let Pulumi name it',
  });
  assert.deepEqual(clashes([stack("blue", "eu-central-1", topic, topic)]), []);
});
