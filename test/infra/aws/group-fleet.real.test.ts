/** `new Fleet` with a group, in a preview; with the real release and runtime bundle, which may have to be built first. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import type { AutoscalingArgs } from "../../../infra/args.ts";
import { groupPreflight } from "../../../infra/aws/preflight.ts";
import { checkAws } from "../../../infra/aws/rules/check.ts";
import { Fleet } from "../../../infra/fleet.ts";
import { inPlacePlanSchema } from "../../../infra/in-place/plan.ts";
import { refreshPlanSchema } from "../../../infra/refresh/plan.ts";
import { groupManifestSchema } from "../../../runtime/group.ts";
import { writeNodeApp } from "../../support/node-app.ts";
import { graphOf, mockAws } from "./mock-aws.ts";
import { ec2Machines, groupMachines } from "./samples.ts";

const SECRET = "correct horse battery staple";
const dir = mkdtempSync(join(tmpdir(), "fleetwright-group-"));
writeNodeApp(dir, 'export default (_request, response) => response.end("hello");');
after(() => rmSync(dir, { recursive: true }));

const here =
  process.arch === "arm64"
    ? { types: ["m7g.large"], image: ec2Machines().images.arm64 }
    : { types: ["m7i.large"], image: ec2Machines().images.x64 };

function previewOf(more: Partial<AutoscalingArgs> = {}) {
  const machines = { ...groupMachines(), ...here, ...more } as AutoscalingArgs;
  const app = { dir, name: "shop", secrets: { DB_PASSWORD: SECRET }, health: { path: "/healthz" } };
  return graphOf(() => void new Fleet("web", { app, machines, https: { domains: ["app.example.org"] } }));
}

test("a preview of the whole is safe by every rule, and ends in a refresh; nothing is pushed to", async () => {
  await mockAws({ preview: true });
  const graph = await previewOf();
  assert.deepEqual(checkAws(graph, { secrets: [SECRET] }), []);
  const commands = graph.filter(({ type }) => type.endsWith(":Command")).map(({ name }) => name);
  assert.deepEqual(commands, ["web-prune", "web-refresh"]);
  assert.equal(graph.filter(({ type }) => type.endsWith(":Instance")).length, 0);
});

test("the manifest in the bucket is one that a machine reads, and the refresh names its template's version", async () => {
  const stdout = JSON.stringify({ schema: 1, group: "<Group web>", version: "7", machines: 2 });
  await mockAws({ outputs: { "command:local:Command": { stdout } } });
  const graph = await previewOf();
  const { content } = graph.find(({ id }) => id === "<BucketObjectv2 web-manifest>")?.inputs ?? {};
  const manifest = groupManifestSchema.parse(JSON.parse(String(content)));
  assert.deepEqual(manifest.secrets?.as, { DB_PASSWORD: "environment" });
  assert.deepEqual(manifest.common.https, {
    ...manifest.common.https,
    mode: "internal",
    names: ["app.example.org"],
    trustedProxies: ["10.80.0.0/16"],
  });
  const { stdin } = graph.find(({ name }) => name === "web-refresh")?.inputs ?? {};
  const plan = refreshPlanSchema.parse(JSON.parse(String(stdin)));
  assert.deepEqual(
    [plan.group, plan.region, plan.desired.launchTemplate.launchTemplateSpecification.version],
    ["<Group web>", "eu-central-1", "7"],
  );
});

test("with releases in place the release goes to the machines after they are as wanted, and the record begins with it", async () => {
  const stdout = JSON.stringify({ schema: 1, group: "<Group web>", version: "7", manifest: "a".repeat(64), machines: 2 });
  await mockAws({ outputs: { "command:local:Command": { stdout }, "aws:ssm/document:Document": { name: "web-release" } } });
  const graph = await previewOf({ releases: "in-place", inPlace: { batch: 2 } });
  const record = graph.find(({ id }) => id === "<BucketObjectv2 web-record>")?.inputs.content;
  const { stdin } = graph.find(({ name }) => name === "web-in-place")?.inputs ?? {};
  const plan = inPlacePlanSchema.parse(JSON.parse(String(stdin)));
  assert.deepEqual(
    [plan.group, plan.document, plan.bucket, plan.batch, plan.maxErrors],
    ["<Group web>", "web-release", "<Bucket web-artifacts>", "2", 0],
  );
  assert.equal(record, `${plan.manifest}\n`);
});

test("what AWS doesn't have is refused, by the group's keys, before anything waits for a release", async () => {
  await mockAws({
    preview: true,
    answers: { "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings": () => ({ instanceTypes: [], locations: [] }) },
  });
  const asked = groupPreflight({
    parent: new pulumi.ComponentResource("test:Fleet", "web"),
    fleet: "web",
    machines: { ...groupMachines(), ...here, diskGiB: 16 },
  });
  await assert.rejects(asked, /machines\.types\.0: is "m7[ig]\.large", which AWS doesn't offer in eu-central-1/);
});
