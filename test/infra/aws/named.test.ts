/** Machines with names that fetch what they run: the whole graph, under mocks. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { type NamedServing, namedResources } from "../../../infra/aws/named-resources.ts";
import { checkAws } from "../../../infra/aws/rules/check.ts";
import type { GraphResource } from "../../../infra/aws/rules/graph.ts";
import { ec2Schema } from "../../../infra/config/aws/ec2.ts";
import { graphOf, ignoredOf, type MadeResource, mockAws } from "./mock-aws.ts";
import { namedMachines } from "./samples.ts";

await mockAws();

const VALUE = "correct horse battery staple";
const KEY = "arn:aws:kms:eu-central-1:111122223333:key/k";
const EXISTING = ["vpc-0a", "subnet-0a", "subnet-0b", "Z0EXISTING", KEY];

const archive = (name: string) => pulumi.output({ path: import.meta.filename, sha256: createHash("sha256").update(name).digest("hex") });
const kinds = ["runtime-x64", "release-x64-py3.13", "runtime-arm64", "release-arm64-py3.13"];

/** @param release which one it is */
const serving = (release = 1): NamedServing => ({
  app: "shop",
  https: { mode: "internal" as const, httpPort: 80, httpsPort: 443, domains: ["{machine}.example.org"], redirects: [] },
  secrets: { DB_PASSWORD: VALUE },
  references: {},
  archives: Object.fromEntries(kinds.map((kind) => [kind, archive(`${kind} ${release}`)])),
  manifest: (secrets) =>
    pulumi.output(secrets).apply((where) => ["web-1", "web-2"].map((name) => `${name} ${JSON.stringify({ release, where })}\n`).join("")),
});

const matrix: Record<string, object> = {
  "own network": {},
  private: {
    access: "private",
    clients: ["10.0.0.0/8"],
    network: { vpc: "vpc-0a", subnets: { "eu-central-1a": "subnet-0a", "eu-central-1b": "subnet-0b" } },
  },
  "fixed addresses, records and a key": {
    elasticIps: true,
    dns: { zone: "example.org" },
    terminationProtection: true,
    kmsKey: KEY,
    tags: { team: "web" },
  },
};

function graph(more: object, served = serving()): Promise<MadeResource[]> {
  const config = ec2Schema.parse({ ...namedMachines(), ...more });
  return graphOf((parent) => void namedResources({ parent, fleet: "web", tags: config.tags }, config, served));
}

const byType = (resources: GraphResource[], kind: string) => resources.filter(({ type }) => type.endsWith(`:${kind}`));

/** The scripts are long, and have tests of their own; an asset has this computer's path in it. */
function reviewed(resources: GraphResource[]): unknown {
  return resources.map((resource) => {
    const left = ["userData", "source", ...(resource.type.endsWith(":Document") ? ["content"] : [])];
    return { ...resource, inputs: Object.fromEntries(Object.entries(resource.inputs).filter(([key]) => !left.includes(key))) };
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

test("nothing but what the app serves is open, there is no key to log in with, and a machine may read the fleet's bucket and secrets alone", async () => {
  const resources = await graph({});
  const ports = byType(resources, "SecurityGroupIngressRule").map(
    ({ inputs }) => `${String(inputs.ipProtocol)} ${String(inputs.fromPort)}`,
  );
  assert.deepEqual(ports.sort(), ["tcp 443", "tcp 80", "udp 443"]);
  assert.deepEqual(byType(resources, "KeyPair"), []);
  assert.ok(byType(resources, "Instance").every(({ inputs }) => inputs.keyName === undefined));
  const policies = Object.fromEntries(
    byType(resources, "RolePolicy").map(({ name, inputs }) => [name, JSON.parse(String(inputs.policy)).Statement[0].Resource]),
  );
  const { "web-run-command": _asked, ...bound } = policies;
  assert.deepEqual(bound, {
    "web-artifacts": ["arn:aws:s3:::web-artifacts/*"],
    "web-artifact-names": ["arn:aws:s3:::web-artifacts"],
    "web-secrets": ["arn:aws:secretsmanager:eu-central-1:111122223333:secret:web-secrets"],
  });
});

test("a release changes the bucket, and nothing of a machine: each comes up on the fleet's record, by its own name", async () => {
  const [before, after] = [await graph({}), await graph({}, serving(2))];
  const machines = (resources: GraphResource[]) => byType(resources, "Instance").map(({ inputs }) => inputs);
  assert.deepEqual(machines(after), machines(before));
  for (const [index, { userData }] of machines(before).entries()) {
    assert.match(String(userData), /^manifest=$/m);
    assert.match(String(userData), new RegExp(`^name=web-${index + 1}$`, "m"));
    assert.match(String(userData), /^known public-ipv4 /m);
    assert.ok(Buffer.byteLength(String(userData)) < 16 * 1024, "user data has 16 KiB at most");
  }
  const keys = (resources: GraphResource[]) => byType(resources, "BucketObjectv2").map(({ inputs }) => inputs.key);
  assert.equal(
    keys(after)
      .filter((key) => keys(before).includes(key))
      .join(),
    "fleet/manifest",
  );
});

test("a machine with a lasting address knows it when it boots, before AWS has given it; one of a private fleet serves by its own", async () => {
  const [lasting] = byType(await graph(matrix["fixed addresses, records and a key"] ?? {}), "Instance");
  assert.match(String(lasting?.inputs.userData), /^echo <public IP of web-web-1> >"\$work\/address"$/m);
  const [own] = byType(await graph(matrix.private ?? {}), "Instance");
  assert.match(String(own?.inputs.userData), /^known local-ipv4 /m);
});

test("machines reach the bucket: a private fleet without a NAT has addresses for the way out, and nobody else is let in by them", async () => {
  const more = { access: "private", clients: ["10.0.0.0/8"] };
  const own = await graph(more);
  assert.ok(
    byType(own, "Instance").every(
      ({ inputs }) => inputs.associatePublicIpAddress === true && /^known local-ipv4 /m.test(String(inputs.userData)),
    ),
  );
  assert.deepEqual([...new Set(byType(own, "SecurityGroupIngressRule").map(({ inputs }) => inputs.cidrIpv4))], ["10.0.0.0/8"]);
  assert.ok(byType(await graph(matrix.private ?? {}), "Instance").every(({ inputs }) => inputs.associatePublicIpAddress === false));
});

test("a script that is another in a later Fleetwright stops no machine that serves", async () => {
  assert.deepEqual(byType(await graph({}), "Instance").map(ignoredOf), [["userData"], ["userData"]]);
});

test("the document of machines with names has room, and no parameters but its own", async () => {
  const [document] = byType(await graph({}), "Document");
  const content = String(document?.inputs.content);
  assert.ok(Buffer.byteLength(content) < 64 * 1024, "a document has 64 KB at most");
  const script = JSON.parse(content).mainSteps[0].inputs.runCommand.join("\n");
  assert.deepEqual(script.match(/\{\{.*?\}\}/g), ["{{ action }}", "{{ manifest }}"]);
  assert.match(script, /^known public-ipv4 /m);
});

test("what holds data is protected together with the machines", async () => {
  const kept = (await graph({ terminationProtection: true })).filter(({ protect }) => protect === true).map(({ name }) => name);
  assert.deepEqual(kept, ["web-artifacts", "web-secrets"]);
  assert.deepEqual(
    (await graph({})).filter(({ protect }) => protect === true),
    [],
  );
});

test("machines that fetch their release may tell CloudWatch what they are asked for, too, and are safe by every rule", async () => {
  const resources = await graph({ alarms: { email: "ops@example.org" }, logs: { retentionDays: 7 } });
  assert.deepEqual(checkAws(resources, { external: EXISTING, secrets: [VALUE] }), []);
  const policies = byType(resources, "RolePolicy").map(({ name }) => name);
  for (const name of ["web-metrics", "web-logs", "web-artifacts"]) assert.ok(policies.includes(name), name);
});
