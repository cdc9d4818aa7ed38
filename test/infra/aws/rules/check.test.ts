import assert from "node:assert/strict";
import { test } from "node:test";
import { checkAws, exportedResources } from "../../../../infra/aws/rules/check.ts";
import type { GraphResource } from "../../../../infra/aws/rules/graph.ts";

const tags = { "fleetwright:fleet": "web", "fleetwright:stack": "prod" };
const SECRET = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };

/** One of each kind that a rule looks at, as it should be. */
function sound(): Record<string, GraphResource> {
  const of = (type: string, name: string, inputs: Record<string, unknown>): GraphResource => ({ type, name, id: `id-${name}`, inputs });
  const policy = (statement: object) => JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
  return {
    vpc: of("aws:ec2/vpc:Vpc", "vpc", { cidrBlock: "10.80.0.0/16", tags }),
    group: of("aws:ec2/securityGroup:SecurityGroup", "group", { vpcId: "id-vpc", tags }),
    https: of("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "https", {
      securityGroupId: "id-group",
      cidrIpv4: "0.0.0.0/0",
      fromPort: 443,
      toPort: 443,
      ipProtocol: "tcp",
      tags,
    }),
    ssh: of("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "ssh", {
      securityGroupId: "id-group",
      cidrIpv4: "203.0.113.0/24",
      fromPort: 22,
      toPort: 22,
      ipProtocol: "tcp",
      tags,
    }),
    instance: of("aws:ec2/instance:Instance", "instance", {
      vpcSecurityGroupIds: ["id-group"],
      metadataOptions: { httpTokens: "required" },
      rootBlockDevice: { encrypted: true, tags },
      tags,
      userData: "#cloud-config\n",
    }),
    template: of("aws:ec2/launchTemplate:LaunchTemplate", "template", {
      metadataOptions: { httpTokens: "required" },
      blockDeviceMappings: [{ ebs: { encrypted: "true" } }],
      tags,
      tagSpecifications: ["instance", "volume"].map((resourceType) => ({ resourceType, tags })),
      userData: Buffer.from("#!/bin/sh\n").toString("base64"),
    }),
    scaling: of("aws:autoscaling/group:Group", "scaling", {
      launchTemplate: { id: "id-template", version: "3" },
      tags: Object.entries(tags).map(([key, value]) => ({ key, value, propagateAtLaunch: true })),
    }),
    bucket: of("aws:s3/bucket:Bucket", "bucket", { tags }),
    key: of("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration", "key", { bucket: "id-bucket" }),
    closed: of("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "closed", {
      bucket: "id-bucket",
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    }),
    policy: of("aws:iam/rolePolicy:RolePolicy", "policy", {
      role: "id-role",
      policy: policy({ Effect: "Allow", Action: ["s3:GetObject"], Resource: ["arn:aws:s3:::b/*"] }),
    }),
    role: of("aws:iam/role:Role", "role", { tags }),
  };
}

type Change = Record<string, unknown>;

function found(name: string, change: Change, options = {}): string[] {
  const graph = sound();
  const old = graph[name];
  assert.ok(old);
  graph[name] = { ...old, inputs: { ...old.inputs, ...change } };
  return checkAws(Object.values(graph), { external: [], secrets: ["hunter-2"], ...options }).map(
    ({ rule, resource }) => `${rule}: ${resource.split(" ")[1]}`,
  );
}

test("a sound graph has no finding", () => {
  assert.deepEqual(checkAws(Object.values(sound()), { external: [] }), []);
});

const allowing = (statement: object) => ({ policy: JSON.stringify({ Statement: { Effect: "Allow", ...statement } }) });
const base64 = (text: string) => Buffer.from(text).toString("base64");
const pem = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl";

const broken: [string, string, Change, string][] = [
  ["SSH open to everybody", "ssh", { cidrIpv4: "0.0.0.0/0" }, "open-to-all"],
  ["SSH open to everybody by IPv6", "ssh", { cidrIpv6: "::/0" }, "open-to-all"],
  ["every port from 80 to 443 open", "https", { fromPort: 80 }, "open-to-all"],
  ["every protocol open", "https", { ipProtocol: "-1", fromPort: undefined, toPort: undefined }, "open-to-all"],
  ["a rule inside the group", "group", { ingress: [{ cidrBlocks: ["0.0.0.0/0"], fromPort: 22, toPort: 22 }] }, "open-to-all"],
  ["version 1 of the metadata service", "instance", { metadataOptions: { httpTokens: "optional" } }, "imdsv2"],
  ["nothing said about metadata in a template", "template", { metadataOptions: undefined }, "imdsv2"],
  ["a plain root volume", "instance", { rootBlockDevice: { tags } }, "encrypted"],
  ["a plain second volume", "instance", { ebsBlockDevices: [{ encrypted: false }] }, "encrypted"],
  ["a template without a mapping", "template", { blockDeviceMappings: [] }, "encrypted"],
  ["a plain volume in a template", "template", { blockDeviceMappings: [{ ebs: { encrypted: "false" } }] }, "encrypted"],
  ["everything allowed", "policy", allowing({ Action: "*", Resource: "*" }), "least-privilege"],
  ["a service's every action on everything", "policy", allowing({ Action: ["s3:GetObject", "s3:*"], Resource: ["*"] }), "least-privilege"],
  ["all but some actions", "policy", allowing({ NotAction: "iam:*", Resource: "arn:aws:s3:::b" }), "least-privilege"],
  ["a policy that nobody can read", "policy", { policy: "{" }, "least-privilege"],
  ["an administrator's policy", "role", { managedPolicyArns: ["arn:aws:iam::aws:policy/AdministratorAccess"] }, "least-privilege"],
  ["a private key in user data", "instance", { userData: pem }, "no-plain-secret"],
  ["a private key in encoded user data", "template", { userData: base64(pem) }, "no-plain-secret"],
  ["a known secret in encoded user data", "template", { userData: base64("x hunter-2 y") }, "no-plain-secret"],
  ["a known secret in a description", "group", { description: "hunter-2" }, "no-plain-secret"],
  ["a secret in user data, which AWS shows", "instance", { userData: { ...SECRET, value: "x" } }, "no-plain-secret"],
  ["an instance without a tag", "instance", { tags: { "fleetwright:fleet": "web" } }, "tagged"],
  ["an instance's volume without tags", "instance", { rootBlockDevice: { encrypted: true } }, "tagged"],
  ["a template that tags no volumes", "template", { tagSpecifications: [{ resourceType: "instance", tags }] }, "tagged"],
  [
    "a group that keeps its tags",
    "scaling",
    { tags: Object.keys(tags).map((key) => ({ key, value: "w", propagateAtLaunch: false })) },
    "tagged",
  ],
  ["the newest version of a template", "scaling", { launchTemplate: { id: "id-template", version: "$Latest" } }, "pinned"],
  ["an image by alias", "template", { imageId: "resolve:ssm:/debian" }, "pinned"],
  ["a group in no VPC of the graph", "group", { vpcId: "vpc-other" }, "reference"],
  ["an instance without a group", "instance", { vpcSecurityGroupIds: [] }, "reference"],
];

for (const [what, name, change, rule] of broken) {
  test(`found, and nothing else: ${what}`, () => assert.deepEqual(found(name, change), [`${rule}: ${name}`]));
}

test("a bucket without its encryption or its block is found", () => {
  const without = (name: string) => Object.values(sound()).filter((resource) => resource.name !== name);
  assert.deepEqual(
    checkAws(without("key")).map(({ rule }) => rule),
    ["encrypted"],
  );
  assert.deepEqual(
    checkAws(without("closed")).map(({ rule }) => rule),
    ["encrypted"],
  );
});

test("what was there before can be referred to", () => {
  assert.deepEqual(found("group", { vpcId: "vpc-other" }, { external: ["vpc-other"] }), []);
});

test("an exported stack is read, its secrets marked", () => {
  const urn = "urn:pulumi:prod::p::aws:ec2/securityGroup:SecurityGroup::web-machines";
  const inputs = { tags, description: { ...SECRET, ciphertext: "v1:hunter-2" } };
  const resources = exportedResources({
    version: 3,
    deployment: { resources: [{ type: "aws:ec2/securityGroup:SecurityGroup", urn, id: "sg-1", inputs }] },
  });
  assert.equal(resources[0]?.name, "web-machines");
  assert.deepEqual(checkAws(resources, { secrets: ["hunter-2"] }), []);
  assert.throws(() => exportedResources({}), /pulumi stack export/);
  assert.throws(() => exportedResources(null), /pulumi preview --json/);
});

test("a preview is read, too: what will be there, and not what will be gone", () => {
  const type = "aws:ec2/securityGroup:SecurityGroup";
  const state = { type, urn: `urn:pulumi:prod::p::${type}::web-machines`, inputs: { tags } };
  const resources = exportedResources({
    steps: [
      { op: "create", newState: state },
      { op: "delete", oldState: state },
    ],
  });
  assert.deepEqual(resources, [{ type, name: "web-machines", id: undefined, inputs: { tags } }]);
});
