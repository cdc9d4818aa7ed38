import assert from "node:assert/strict";
import { test } from "node:test";
import { checkAws } from "../../../infra/aws/rules/check.ts";
import type { GraphResource } from "../../../infra/aws/rules/graph.ts";
import { ec2Resources } from "../../../infra/aws/ec2-resources.ts";
import { ec2Schema } from "../../../infra/config/aws/ec2.ts";
import { graphOf, mockAws } from "./mock-aws.ts";
import { ec2Machines } from "./samples.ts";

await mockAws();

const serving = { mode: "acme" as const, httpPort: 80, httpsPort: 443, domains: ["app.example.org"], redirects: [] };
const EXISTING = ["vpc-0a", "subnet-0a", "subnet-0b", "Z0EXISTING"];

const matrix: Record<string, object> = {
  "own network": {},
  "existing network": { network: { vpc: "vpc-0a", subnets: { "eu-central-1a": "subnet-0a", "eu-central-1b": "subnet-0b" } } },
  private: { access: "private", clients: ["10.0.0.0/8", "192.168.0.0/16"] },
  "fixed addresses and records": { elasticIps: true, dns: { zone: "example.org" }, terminationProtection: true, tags: { team: "web" } },
  "SSH through an endpoint, alarms by e-mail, logs": {
    ssh: { publicKey: ec2Machines().ssh.publicKey, through: "instance-connect" },
    alarms: { email: "ops@example.org" },
    logs: {},
  },
  "the first of two regions": { elasticIps: true, dns: { zone: "example.org", failover: "primary" } },
  "own key": { kmsKey: "arn:aws:kms:eu-central-1:111122223333:key/k" },
};

function graph(more: object): Promise<GraphResource[]> {
  const config = ec2Schema.parse({ ...ec2Machines(), ...more });
  return graphOf((parent) => void ec2Resources({ parent, fleet: "web", tags: config.tags }, config, serving));
}

const byType = (resources: GraphResource[], kind: string) => resources.filter(({ type }) => type.endsWith(`:${kind}`));

for (const [what, more] of Object.entries(matrix)) {
  test(`${what}: the whole graph is as reviewed`, async (context) => {
    context.assert.snapshot(await graph(more));
  });

  test(`${what}: safe by every rule`, async () => {
    assert.deepEqual(checkAws(await graph(more), { external: EXISTING }), []);
  });
}

test("each machine has the image of its own architecture, in the zone it names", async () => {
  const instances = byType(await graph({}), "Instance").map(({ inputs }) => [inputs.instanceType, inputs.ami, inputs.subnetId]);
  assert.deepEqual(instances, [
    ["m7i.large", "ami-0123456789abcdef0", "<Subnet web-eu-central-1a>"],
    ["m7g.large", "ami-0fedcba9876543210", "<Subnet web-eu-central-1b>"],
  ]);
});

test("another zone, and another machine first in the list, change nothing of what is there", async () => {
  const before = await graph({});
  const { instances, network } = ec2Machines();
  const subnets = { "eu-central-1c": "10.80.2.0/24", ...network.subnets };
  const more = { network: { subnets }, instances: [{ name: "web-0", type: "m7g.large", zone: "eu-central-1c" }, ...instances] };
  const after = new Map((await graph(more)).map((resource) => [resource.id, resource]));
  for (const resource of before) assert.deepEqual(after.get(resource.id), resource);
});

test("two fleets of one stack may each have a machine of one name; a range that is given twice is one rule", async () => {
  const config = ec2Schema.parse({ ...ec2Machines(), ssh: { ...ec2Machines().ssh, from: ["203.0.113.0/24", "203.0.113.0/24"] } });
  const resources = await graphOf((parent) =>
    ["web", "api"].forEach((fleet) => ec2Resources({ parent, fleet, tags: {} }, config, serving)),
  );
  assert.equal(new Set(resources.map(({ id }) => id)).size, resources.length);
});

test("a private fleet has no public address, and no port is open to everybody", async () => {
  const resources = await graph(matrix.private ?? {});
  assert.ok(byType(resources, "Instance").every(({ inputs }) => inputs.associatePublicIpAddress === false));
  assert.ok(byType(resources, "SecurityGroupIngressRule").every(({ inputs }) => inputs.cidrIpv4 !== "0.0.0.0/0"));
});

test("the resources grow linearly with the machines: no more than one each, without fixed addresses", async () => {
  const of = (count: number) =>
    graph({ instances: Array.from({ length: count }, (_, index) => ({ name: `m-${index}`, type: "m7g.large", zone: "eu-central-1a" })) });
  assert.equal((await of(12)).length - (await of(2)).length, 10);
});

test("machines that are asked for nothing may do nothing; asked for logs, they may write to the fleet's own group, and make none", async () => {
  const policies = async (more: object) =>
    byType(await graph(more), "RolePolicy").flatMap(({ inputs }) => JSON.parse(String(inputs.policy)).Statement);
  assert.deepEqual(await policies({}), []);
  const [statement, ...others] = await policies({ logs: { retentionDays: 7 } });
  assert.deepEqual(statement.Action, ["logs:CreateLogStream", "logs:PutLogEvents"]);
  assert.deepEqual(statement.Resource, ["<LogGroup web-logs>:*"]);
  assert.deepEqual(others, []);
  const [group] = byType(await graph({ logs: { retentionDays: 7 } }), "LogGroup");
  assert.deepEqual([group?.inputs.name, group?.inputs.retentionInDays], ["/fleetwright/shop/prod/web", 7]);
});

test("a certificate's end is watched where somebody has to renew it, or a renewal may fail", async () => {
  const of = async (mode: "internal" | "own") => {
    const config = ec2Schema.parse({ ...ec2Machines(), alarms: { email: "ops@example.org" } });
    return byType(
      await graphOf((parent) => void ec2Resources({ parent, fleet: "web", tags: {} }, config, { ...serving, mode })),
      "MetricAlarm",
    );
  };
  const certificates = async (mode: "internal" | "own") => (await of(mode)).filter(({ name }) => name.endsWith("-certificate")).length;
  assert.deepEqual([await certificates("internal"), await certificates("own")], [0, 2]);
});

test("the names lead to a region while any of its machines is well, and a machine's own name while that one is", async () => {
  const config = ec2Schema.parse({ ...ec2Machines(), elasticIps: true, dns: { zone: "example.org", failover: "secondary" } });
  const names = { ...serving, healthPath: "/healthz", domains: ["app.example.org", "{machine}.example.org"] };
  const resources = await graphOf((parent) => void ec2Resources({ parent, fleet: "web", tags: {} }, config, names));
  const checks = byType(resources, "HealthCheck").map(({ inputs }) => inputs);
  const of = (name: string) => byType(resources, "Record").find(({ inputs }) => inputs.name === name)?.inputs ?? {};
  const asked = checks.filter(({ type }) => type === "HTTPS");
  assert.deepEqual(
    asked.map(({ ipAddress, fqdn, resourcePath, enableSni }) => [ipAddress, fqdn, resourcePath, enableSni]),
    [
      ["<public IP of web-web-1>", "app.example.org", "/healthz", true],
      ["<public IP of web-web-2>", "app.example.org", "/healthz", true],
    ],
  );
  const any = checks.find(({ type }) => type === "CALCULATED");
  assert.deepEqual(any?.childHealthchecks, ["<HealthCheck web-web-1-from-outside>", "<HealthCheck web-web-2-from-outside>"]);
  assert.equal(any?.childHealthThreshold, 1);
  const { healthCheckId, setIdentifier, failoverRoutingPolicies } = of("app.example.org");
  assert.deepEqual([healthCheckId, setIdentifier], ["<HealthCheck web-any-from-outside>", "shop/prod/web"]);
  assert.deepEqual(failoverRoutingPolicies, [{ type: "SECONDARY" }]);
  assert.equal(of("web-2.example.org").healthCheckId, "<HealthCheck web-web-2-from-outside>");
  assert.deepEqual(byType(await graph({ elasticIps: true, dns: { zone: "example.org" } }), "HealthCheck"), [], "nobody is asked without");
});
