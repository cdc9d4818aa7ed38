/**
 * A group's machine from nothing: the user data of the program's own launch template, run by Debian's cloud-init, against S3, Secrets
 * Manager and a metadata service under AWS's own names and addresses. Some thirty seconds, and fifty more where its image isn't built yet.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { FileAsset } from "@pulumi/pulumi/asset/index.js";
import type { GraphResource } from "../../infra/aws/rules/graph.ts";
import { Fleet } from "../../infra/fleet.ts";
import { graphOf, mockAws } from "../infra/aws/mock-aws.ts";
import { ec2Machines, groupMachines } from "../infra/aws/samples.ts";
import { askAsBalancer } from "../support/as-balancer.ts";
import { type Cloud, startCloud } from "../support/cloud.ts";
import { BOOT_TIMEOUT_MS, bootInstance, evidenceOf, type Instance, introduce, makeInstance } from "../support/cloud-init.ts";
import { Hosts } from "../support/hosts.ts";
import { writeNodeApp } from "../support/node-app.ts";
import { until } from "../support/poll.ts";

const SECRET = "correct horse battery staple";
const BUCKET = "web-artifacts-0123456";
const REGION = "eu-central-1";
const NAMES = [`${BUCKET}.s3.${REGION}.amazonaws.com`, `secretsmanager.${REGION}.amazonaws.com`];
const MACHINE = "m-1";
const APP = `export default (request, response) =>
  response.end(JSON.stringify({ secret: process.env.DB_PASSWORD, host: request.headers.host }));`;

describe("a machine that cloud-init sets up", () => {
  const hosts = new Hosts("cloud");
  const folder = mkdtempSync(join(tmpdir(), "fleetwright-cloud-"));
  let machine: Instance;
  let cloud: Cloud;
  let address: string;
  let userData: string;
  let manifestKey: string;

  before(async () => {
    machine = await makeInstance(hosts, MACHINE);
    ({ address } = machine);
    cloud = await startCloud(hosts, address, join(folder, "authority"), NAMES);
    await introduce(hosts, machine, cloud, NAMES);
    const stored = (await cloud.aws.tell("/secret", { DB_PASSWORD: SECRET })) as { arn: string; versionId: string };
    await cloud.aws.tell("/bucket", { name: BUCKET });
    const graph = await program(folder, stored);
    for (const { inputs } of ofType(graph, "BucketObjectv2")) await upload(cloud, folder, inputs);
    manifestKey = String(ofType(graph, "BucketObjectv2").find(({ name }) => name === "web-manifest")?.inputs.key);
    const [template] = ofType(graph, "LaunchTemplate");
    userData = Buffer.from(String(template?.inputs.userData), "base64").toString();
  });

  after(async () => {
    await cloud?.aws.close();
    hosts.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test("a manifest that isn't what its name says: cloud-init reports an error, its unit has failed, the console has the reason", async () => {
    const right = join(folder, manifestKey.replaceAll("/", "-"));
    writeFileSync(join(folder, "wrong"), "{}");
    await cloud.aws.tell("/put", { bucket: BUCKET, key: manifestKey, path: join(folder, "wrong") });
    const { status, errors } = await bootInstance(hosts, machine, "i-0aaaaaaaaaaaaaaaa", userData);
    const evidence = await evidenceOf(hosts, MACHINE);
    assert.equal(status, "error", evidence);
    assert.match(JSON.stringify(errors), /scripts.user/i, evidence);
    assert.equal(await hosts.sh(MACHINE, "cloud-init status >/dev/null; echo $?"), "1");
    assert.equal(await hosts.sh(MACHINE, "systemctl is-failed cloud-final.service"), "failed");
    await until("the console has it", () => said(/this machine does not serve: manifests\/[0-9a-f]{64} is not what its name says/), 60_000);
    assert.ok(said(/what to do: remove it from the bucket and run pulumi up again/));
    await assert.rejects(askAsBalancer(address, "app.example.org"), /ECONNREFUSED/);
    await cloud.aws.tell("/put", { bucket: BUCKET, key: manifestKey, path: right });
  });

  test("the instance in its place serves HTTPS, although S3 is busy, the metadata service slow and the role late", async () => {
    await cloud.aws.tell("", { s3Busy: 2, metadataSilent: 2, metadataDelayS: 0.5, noRole: 1 });
    const { status } = await bootInstance(hosts, machine, "i-0bbbbbbbbbbbbbbbb", userData);
    const evidence = `${await evidenceOf(hosts, MACHINE)}\n${cloud.aws.log}`;
    assert.equal(status, "done", evidence);
    assert.ok(said(/HTTP 503 SlowDown/) && said(/this machine serves release [0-9a-f]{12}/), evidence);
    const answer = await askAsBalancer(address, "app.example.org");
    assert.deepEqual([answer.status, JSON.parse(answer.body)], [200, { secret: SECRET, host: "app.example.org" }]);
    assert.ok(!evidence.includes(SECRET) && !hosts.console(MACHINE).includes(SECRET));
  });

  test("after a power cut it serves again by itself: nothing is fetched a second time", async () => {
    const fetched = (await cloud.aws.tell("")) as string[];
    await hosts.cutPower(MACHINE);
    await hosts.make(MACHINE, "trixie", BOOT_TIMEOUT_MS);
    await until("it serves", async () => (await askAsBalancer(address, "app.example.org")).status === 200, 120_000);
    assert.deepEqual(await cloud.aws.tell(""), fetched);
  });

  const said = (words: RegExp) => words.test(hosts.console(MACHINE));
});

const ofType = (graph: readonly GraphResource[], kind: string) => graph.filter(({ type }) => type.endsWith(`:${kind}`));

/** The whole program, with what AWS decides as it stands at the fake. */
async function program(folder: string, stored: { arn: string; versionId: string }): Promise<GraphResource[]> {
  const dir = join(folder, "app");
  writeNodeApp(dir, APP);
  const { images } = ec2Machines();
  const here = process.arch === "arm64" ? { types: ["m7g.large"], image: images.arm64 } : { types: ["m7i.large"], image: images.x64 };
  await mockAws({
    outputs: {
      "aws:s3/bucket:Bucket": { bucket: BUCKET, arn: `arn:aws:s3:::${BUCKET}` },
      "aws:secretsmanager/secret:Secret": { arn: stored.arn },
      "aws:secretsmanager/secretVersion:SecretVersion": { versionId: stored.versionId },
      "command:local:Command": { stdout: JSON.stringify({ schema: 1, group: "web", version: "7", machines: 2 }) },
    },
  });
  const app = { dir, name: "shop", secrets: { DB_PASSWORD: SECRET } };
  return graphOf(() => void new Fleet("web", { app, machines: { ...groupMachines(), ...here }, https: { domains: ["app.example.org"] } }));
}

/** An object of the graph goes into the fake's bucket under its own key. */
async function upload({ aws }: Cloud, folder: string, { key, source, content }: GraphResource["inputs"]): Promise<void> {
  const path = content === undefined ? await (source as FileAsset).path : join(folder, String(key).replaceAll("/", "-"));
  if (content !== undefined) writeFileSync(path, String(content));
  await aws.tell("/put", { bucket: BUCKET, key, path });
}
