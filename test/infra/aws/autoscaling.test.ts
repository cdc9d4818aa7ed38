import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { type GroupServing, groupResources } from "../../../infra/aws/group-resources.ts";
import { checkAws } from "../../../infra/aws/rules/check.ts";
import type { GraphResource } from "../../../infra/aws/rules/graph.ts";
import { autoscalingSchema } from "../../../infra/config/aws/autoscaling.ts";
import { graphOf, mockAws } from "./mock-aws.ts";
import { groupMachines } from "./samples.ts";

await mockAws();

const EXISTING = ["vpc-0a", "subnet-0a", "subnet-0b", "Z0EXISTING", "Z0BALANCER", "arn:aws:acm:eu-central-1:111122223333:certificate/c"];
const VALUE = "correct horse battery staple";

const matrix: Record<string, object> = {
  "own network and certificate": {},
  "existing network, private": {
    network: { vpc: "vpc-0a", subnets: { "eu-central-1a": "subnet-0a", "eu-central-1b": "subnet-0b" } },
    access: "private",
    clients: ["10.0.0.0/8"],
    certificate: "arn:aws:acm:eu-central-1:111122223333:certificate/c",
    dns: undefined,
  },
  "spot, alarms, own key": {
    spot: { percent: 80, base: 1 },
    scaling: { requestsPerMinute: 3000 },
    alarms: { topic: "arn:aws:sns:eu-central-1:111122223333:alarms" },
    kmsKey: "arn:aws:kms:eu-central-1:111122223333:key/k",
    tags: { team: "web" },
  },
};

const archive = (name: string) => ({ path: import.meta.filename, sha256: createHash("sha256").update(name).digest("hex") });

function serving(more: Partial<GroupServing> = {}): GroupServing {
  return {
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

function graph(more: object, served = serving()): Promise<GraphResource[]> {
  const config = autoscalingSchema.parse({ ...groupMachines(), ...more });
  return graphOf((parent) => void groupResources({ parent, fleet: "web", tags: config.tags }, config, served));
}

const one = (resources: GraphResource[], kind: string): GraphResource["inputs"] => {
  const found = resources.filter(({ type }) => type.endsWith(`:${kind}`));
  assert.equal(found.length, 1, `${found.length} of ${kind}`);
  return found[0]?.inputs ?? {};
};
const userData = (resources: GraphResource[]): string => Buffer.from(String(one(resources, "LaunchTemplate").userData), "base64").toString();

/** The script is long, and has a test of its own; an asset has this computer's path in it. */
function reviewed(resources: GraphResource[]): unknown {
  return resources.map((resource) => {
    const { userData: _script, source: _path, ...inputs } = resource.inputs;
    return { ...resource, inputs };
  });
}

for (const [what, more] of Object.entries(matrix)) {
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
  const resources = await graphOf((parent) => void groupResources({ parent, fleet, tags: {} }, autoscalingSchema.parse(groupMachines()), serving()));
  // Pulumi adds a dash and seven digits.
  for (const { type, name } of resources.filter(({ type }) => /:(LoadBalancer|TargetGroup)$/.test(type))) assert.ok(name.length + 8 <= 32, `${type} ${name}`);
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
  assert.deepEqual(
    Object.fromEntries(policies.map(({ name, inputs }) => [name, JSON.parse(String(inputs.policy)).Statement])),
    {
      "web-kept-secrets": [{ Effect: "Allow", Action: ["secretsmanager:GetSecretValue"], Resource: [arn] }],
      "web-kept-parameters": [
        {
          Effect: "Allow",
          Action: ["ssm:GetParameter"],
          Resource: ["prod/token", "flag"].map((name) => `arn:aws:ssm:eu-central-1:111122223333:parameter/${name}`),
        },
      ],
      "web-kept-keys": [{ Effect: "Allow", Action: ["kms:Decrypt"], Resource: [key] }],
    },
  );
  assert.deepEqual(checkAws(resources, { external: [...EXISTING, arn, key], secrets: [VALUE] }), []);
  const none = await graph({}, serving({ secrets: undefined }));
  const left = none.filter(({ type, name }) => type.endsWith(":RolePolicy") && /secret|kept/.test(name));
  assert.deepEqual(left, []);
});
