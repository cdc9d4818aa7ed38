import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { type GroupServing, groupResources } from "../../../infra/aws/group-resources.ts";
import { checkAws } from "../../../infra/aws/rules/check.ts";
import type { GraphResource } from "../../../infra/aws/rules/graph.ts";
import { autoscalingSchema } from "../../../infra/config/aws/autoscaling.ts";
import { graphOf, type MadeResource, mockAws } from "./mock-aws.ts";
import { COPY, EXISTING, groups } from "./group-matrix.ts";
import { groupMachines } from "./samples.ts";

await mockAws();

const VALUE = "correct horse battery staple";

const archive = (name: string) => ({ path: import.meta.filename, sha256: createHash("sha256").update(name).digest("hex") });

function serving(more: Partial<GroupServing> = {}): GroupServing {
  return {
    app: "shop",
    names: ["app.example.org", "www.example.org"],
    health: { path: "/healthz", matcher: "200-399" },
    drainTimeoutMs: 30_000,
    secrets: { DB_PASSWORD: VALUE },
    references: {},
    archives: pulumi.output({ runtime: archive("runtime"), release: archive("release 1") }),
    manifest: (secrets) => pulumi.output(secrets).apply((where) => JSON.stringify({ release: 1, where })),
    ...more,
  };
}

function graph(more: object, served = serving()): Promise<MadeResource[]> {
  const config = autoscalingSchema.parse({ ...groupMachines(), ...more });
  return graphOf((parent) => void groupResources({ parent, fleet: "web", tags: config.tags }, config, served));
}

const one = (resources: GraphResource[], kind: string): GraphResource["inputs"] => {
  const found = resources.filter(({ type }) => type.endsWith(`:${kind}`));
  assert.equal(found.length, 1, `${found.length} of ${kind}`);
  return found[0]?.inputs ?? {};
};
const userData = (resources: GraphResource[]): string =>
  Buffer.from(String(one(resources, "LaunchTemplate").userData), "base64").toString();

/** The script is long, and has a test of its own; an asset has this computer's path in it. */
function reviewed(resources: GraphResource[]): unknown {
  return resources.map((resource) => {
    const left = ["userData", "source", ...(resource.type.endsWith(":Document") ? ["content"] : [])];
    return { ...resource, inputs: Object.fromEntries(Object.entries(resource.inputs).filter(([key]) => !left.includes(key))) };
  });
}

for (const [what, more] of Object.entries(groups)) {
  test(`${what}: the whole graph is as reviewed`, async (context) => {
    context.assert.snapshot(reviewed(await graph(more)));
  });

  test(`${what}: safe by every rule`, async () => {
    assert.deepEqual(checkAws(await graph(more), { external: EXISTING, secrets: [VALUE] }), []);
  });
}

test("the script of two releases differs in one line, the manifest's hash", async () => {
  const before = userData(await graph({}));
  const next = serving({ manifest: (secrets) => pulumi.output(secrets).apply((where) => JSON.stringify({ release: 2, where })) });
  const after = userData(await graph({}, next));
  const [a, b] = [before.split("\n"), after.split("\n")];
  const differing = a.flatMap((line, index) => (line === b[index] ? [] : [[line, b[index]]]));
  assert.equal(a.length, b.length);
  assert.equal(differing.length, 1);
  for (const line of differing.flat()) assert.match(line ?? "", /^manifest=[0-9a-f]{64}$/);
  assert.ok(Buffer.byteLength(before) < 16 * 1024, "user data has 16 KiB at most");
});

test("with alarms, machines may tell of their disks, in the namespace that the alarm asks in, and nothing else", async () => {
  const resources = await graph({ alarms: { topic: "arn:aws:sns:eu-central-1:111122223333:alarms" } });
  const disk = resources.find(({ type, name }) => type.endsWith(":MetricAlarm") && name === "web-disk")?.inputs;
  assert.deepEqual(disk?.dimensions, { Fleet: "web", Stack: "shop/prod" });
  const policy = resources.find(({ name }) => name === "web-metrics")?.inputs.policy;
  const [statement] = JSON.parse(String(policy)).Statement;
  assert.deepEqual(statement.Action, ["cloudwatch:PutMetricData"]);
  assert.deepEqual(statement.Condition, { StringEquals: { "cloudwatch:namespace": disk?.namespace } });
  assert.ok((await graph({})).every(({ name }) => name !== "web-metrics"));
});

test("with releases in place the template is the same from release to release, and a machine is born with what the fleet's record says", async () => {
  const more = { releases: "in-place" };
  const before = await graph(more);
  const next = serving({ manifest: (secrets) => pulumi.output(secrets).apply((where) => JSON.stringify({ release: 2, where })) });
  const after = await graph(more, next);
  assert.equal(userData(before), userData(after));
  assert.match(userData(before), /^manifest=$/m);
  const record = (resources: GraphResource[]) => resources.find(({ id }) => id === "<BucketObjectv2 web-record>")?.inputs;
  assert.match(String(record(before)?.content), /^[0-9a-f]{64}\n$/);
  assert.notEqual(record(before)?.content, record(after)?.content, "Pulumi itself ignores what it becomes");
});

test("with releases in place machines may be sent commands, of a document that brings releases and nothing else", async () => {
  const resources = await graph({ releases: "in-place" });
  const document = JSON.parse(String(one(resources, "Document").content));
  assert.deepEqual(document.parameters.action.allowedValues, ["try", "renew", "confirm", "back"]);
  assert.equal(document.parameters.manifest.allowedPattern, "^[0-9a-f]{64}$");
  const script = document.mainSteps[0].inputs.runCommand.join("\n");
  assert.deepEqual(script.match(/\{\{.*?\}\}/g), ["{{ action }}", "{{ manifest }}"], "what AWS would take for a parameter");
  assert.ok(Buffer.byteLength(JSON.stringify(document)) < 64 * 1024, "a document has 64 KB at most");
  assert.ok(Buffer.byteLength(userData(resources)) < 16 * 1024, "user data has 16 KiB at most");
});

test("only with releases in place do machines have anything to do with Systems Manager", async () => {
  const about = (resources: GraphResource[]) =>
    JSON.stringify(resources.map(({ inputs }) => inputs)).match(/ssm:|ssmmessages|ec2messages|amazon-ssm-agent/g) ?? [];
  assert.deepEqual(about(await graph({})), []);
  assert.ok(about(await graph({ releases: "in-place" })).length > 0);
  assert.doesNotMatch(userData(await graph({})), /amazon-ssm-agent/);
});

test("no secret is in the template or the manifest, and the version of its value is", async () => {
  const resources = await graph({});
  assert.ok(!userData(resources).includes(VALUE));
  const objects = resources.filter(({ type }) => type.endsWith(":BucketObjectv2"));
  assert.ok(!JSON.stringify(objects).includes(VALUE));
  assert.match(JSON.stringify(objects), /11111111-2222-3333-4444-555555555555/);
});

test("the group is born with a version by its number, and the policy names every type", async () => {
  const { mixedInstancesPolicy } = one(await graph({ spot: { percent: 80, base: 1 } }), "Group");
  assert.deepEqual(mixedInstancesPolicy, {
    launchTemplate: {
      launchTemplateSpecification: { launchTemplateId: "<LaunchTemplate web-machine>", version: "7" },
      overrides: [{ instanceType: "m7g.large" }, { instanceType: "m6g.large" }],
    },
    instancesDistribution: {
      onDemandBaseCapacity: 1,
      onDemandPercentageAboveBaseCapacity: 20,
      onDemandAllocationStrategy: "prioritized",
      spotAllocationStrategy: "price-capacity-optimized",
    },
  });
});

test("the machines' firewall admits the balancer alone, by HTTPS; its health is asked by HTTPS too", async () => {
  const resources = await graph({});
  const group = resources.find(({ id }) => id === "<SecurityGroup web-machines>");
  const rules = resources.filter(({ type, inputs }) => type.endsWith(":SecurityGroupIngressRule") && inputs.securityGroupId === group?.id);
  assert.deepEqual(
    rules.map(({ inputs: { referencedSecurityGroupId, cidrIpv4, fromPort } }) => ({ referencedSecurityGroupId, cidrIpv4, fromPort })),
    [{ referencedSecurityGroupId: "<SecurityGroup web-balancer>", cidrIpv4: undefined, fromPort: 443 }],
  );
  const { protocol, healthCheck, deregistrationDelay } = one(resources, "TargetGroup");
  assert.deepEqual([protocol, (healthCheck as { protocol: string }).protocol, deregistrationDelay], ["HTTPS", "HTTPS", 35]);
});

test("names of the longest fleet fit into what AWS allows a balancer and its targets", async () => {
  const fleet = "a".repeat(24);
  const config = autoscalingSchema.parse(groupMachines());
  const resources = await graphOf((parent) => void groupResources({ parent, fleet, tags: {} }, config, serving()));
  // Pulumi adds a dash and seven digits.
  for (const { type, name } of resources.filter(({ type }) => /:(LoadBalancer|TargetGroup)$/.test(type))) {
    assert.ok(name.length + 8 <= 32, `${type} ${name}`);
  }
});

const two = { first: groups["the first of two regions"] ?? {}, second: groups["the second of two regions, waiting"] ?? {} };

test("a group in standby has no machine, whatever its capacity; everything else is made", async () => {
  const { standby: _standby, ...serving } = two.second as { standby: true };
  const [waiting, awake] = [await graph(two.second), await graph(serving)];
  const { minSize, maxSize, desiredCapacity } = one(waiting, "Group");
  assert.deepEqual([minSize, maxSize, desiredCapacity], [0, 0, 0]);
  assert.deepEqual([one(awake, "Group").minSize, one(awake, "Group").maxSize], [2, 6]);
  assert.deepEqual(
    waiting.map(({ id }) => id),
    awake.map(({ id }) => id),
  );
});

test("of two regions the first answers while it is well, asked by its balancer's own name", async () => {
  const records = async (more: object) =>
    (await graph(more)).filter(({ type, inputs }) => type.endsWith(":Record") && inputs.type === "A").map(({ inputs }) => inputs);
  for (const [more, part, checked] of [
    [two.first, "PRIMARY", "<HealthCheck web-from-outside>"],
    [two.second, "SECONDARY", undefined],
  ] as const) {
    for (const record of await records(more)) {
      assert.deepEqual(record.failoverRoutingPolicies, [{ type: part }]);
      assert.equal(record.healthCheckId, checked);
      assert.equal((record.aliases as { evaluateTargetHealth: boolean }[])[0]?.evaluateTargetHealth, true);
    }
  }
  const { fqdn, resourcePath, requestInterval } = one(await graph(two.first), "HealthCheck");
  assert.deepEqual([fqdn, resourcePath, requestInterval], ["web.elb.example", "/healthz", 10]);
});

test("who replicates may read this bucket and add to that one, by these two keys; nothing there can be removed", async () => {
  const resources = await graph(two.first);
  const ours = resources.filter(({ name }) => name.startsWith("web-replication-"));
  const policies = ours.map(({ inputs }) => JSON.parse(String(inputs.policy)).Statement[0]);
  const may = Object.fromEntries(policies.flatMap(({ Action, Resource }) => Action.map((action: string) => [action, Resource])));
  assert.deepEqual(may["s3:ReplicateObject"], [`${COPY}/*`]);
  assert.deepEqual(may["s3:GetObjectVersionForReplication"], ["arn:aws:s3:::web-artifacts/*"]);
  assert.deepEqual(may["kms:Decrypt"], ["arn:aws:kms:eu-central-1:111122223333:key/mrk-web-key"]);
  assert.deepEqual(may["kms:Encrypt"], ["arn:aws:kms:eu-west-1:111122223333:key/mrk-1"]);
  assert.deepEqual(
    Object.keys(may).filter((action) => /Delete|\*/.test(action)),
    [],
  );
  const [rule] = one(resources, "BucketReplicationConfig").rules as { deleteMarkerReplication: object }[];
  assert.deepEqual(rule?.deleteMarkerReplication, { status: "Disabled" });
});

test("what holds data is protected where it is asked for, and a key always", async () => {
  const kept = async (more: object) => (await graph(more)).filter(({ protect }) => protect === true).map(({ name }) => name);
  assert.deepEqual(await kept({}), []);
  assert.deepEqual(await kept({ key: { multiRegion: true } }), ["web-key"]);
  assert.deepEqual(await kept(two.first), ["web-key", "web-artifacts", "web-secrets"]);
  assert.equal(one(await graph(two.first), "Bucket").forceDestroy, false);
});

test("leave to read what is kept at AWS is for exactly that, and a fleet without secrets has none", async () => {
  const arn = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:prod/db-AbCd12";
  const key = "arn:aws:kms:eu-central-1:111122223333:key/other";
  const references = {
    PASSWORD: { secretsManager: pulumi.output(arn) },
    TOKEN: { ssmParameter: "/prod/token:3", kmsKey: key },
    FLAG: { ssmParameter: "flag" },
  };
  const resources = await graph({}, serving({ references }));
  const policies = resources.filter(({ type, name }) => type.endsWith(":RolePolicy") && name.includes("-kept-"));
  assert.deepEqual(Object.fromEntries(policies.map(({ name, inputs }) => [name, JSON.parse(String(inputs.policy)).Statement])), {
    "web-kept-secrets": [{ Effect: "Allow", Action: ["secretsmanager:GetSecretValue"], Resource: [arn] }],
    "web-kept-parameters": [
      {
        Effect: "Allow",
        Action: ["ssm:GetParameter"],
        Resource: ["prod/token", "flag"].map((name) => `arn:aws:ssm:eu-central-1:111122223333:parameter/${name}`),
      },
    ],
    "web-kept-keys": [{ Effect: "Allow", Action: ["kms:Decrypt"], Resource: [key] }],
  });
  assert.deepEqual(checkAws(resources, { external: [...EXISTING, arn, key], secrets: [VALUE] }), []);
  const none = await graph({}, serving({ secrets: undefined }));
  const left = none.filter(({ type, name }) => type.endsWith(":RolePolicy") && /secret|kept/.test(name));
  assert.deepEqual(left, []);
});
