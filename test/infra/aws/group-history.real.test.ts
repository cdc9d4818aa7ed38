/** What a group was on, and the way back, against APIs that keep to botocore's service model, and moto's versioned bucket. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { RECORD_KEY } from "../../../infra/aws/boot-script.ts";
import { inPlaceDocument } from "../../../infra/aws/in-place-script.ts";
import { FakeAws } from "./fakes/aws-process.ts";

const folder = mkdtempSync(join(tmpdir(), "fleetwright-history-"));
const GROUP = "web-1234567";
const [ONE, TWO] = ["a".repeat(64), "b".repeat(64)] as const;
const releaseId = (manifest: string): string => manifest.replaceAll("a", "1").replaceAll("b", "2");
const refreshes = { minHealthyPercent: 100, maxHealthyPercent: 110, checkpoints: [], checkpointDelayMs: 1_000 };
let fakes: { s3: FakeAws; ec2: FakeAws; autoscaling: FakeAws; ssm: FakeAws };

before(async () => {
  const [s3, ec2, autoscaling, ssm] = await Promise.all(
    ["boot.py", "ec2.py", "autoscaling.py", "ssm.py"].map((name) => FakeAws.start(name, "127.0.0.1")),
  );
  if (s3 === undefined || ec2 === undefined || autoscaling === undefined || ssm === undefined) throw new Error("a fake is missing");
  fakes = { s3, ec2, autoscaling, ssm };
  await s3.tell("/bucket", { name: "artifacts" });
  for (const manifest of [ONE, TWO])
    await put(`manifests/${manifest}`, JSON.stringify({ common: { app: { release: { id: releaseId(manifest) } } } }));
});
after(async () => {
  await Promise.all(Object.values(fakes ?? {}).map((fake) => fake.close()));
  rmSync(folder, { recursive: true });
});

async function put(key: string, content: string): Promise<void> {
  writeFileSync(join(folder, "object"), content);
  await fakes.s3.tell("/put", { bucket: "artifacts", key, path: join(folder, "object") });
}

interface Asked {
  /** The group's machines are asked of another fake then. */
  inPlace?: object;
  to?: string;
  /** More about the group. */
  more?: object;
}

async function group(command: "releases" | "rollback", { inPlace, to, more = {} }: Asked = {}) {
  const { s3, ec2, autoscaling, ssm } = fakes;
  const env = {
    ...process.env,
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
    AWS_ENDPOINT_URL_S3: s3.url,
    AWS_ENDPOINT_URL_EC2: (inPlace === undefined ? ec2 : ssm).url,
    AWS_ENDPOINT_URL_SSM: ssm.url,
    AWS_ENDPOINT_URL_AUTO_SCALING: (inPlace === undefined ? autoscaling : ssm).url,
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_PROFILE: "",
    AWS_MAX_ATTEMPTS: "2",
  };
  const releases = { bucket: "artifacts", warmUpMs: 180_000, refresh: refreshes, ...(inPlace === undefined ? {} : { inPlace }) };
  const inventory = {
    schema: 1,
    fleet: "web",
    app: "shop",
    machines: [],
    group: { name: GROUP, region: "eu-central-1", releases, ...more },
  };
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", join(import.meta.dirname, "group-command.ts")], { env });
  child.stdin.end(JSON.stringify({ command, inventory, to }));
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  for (const fake of Object.values(fakes)) {
    const told = (await fake.tell("")) as { faults?: string[] };
    assert.deepEqual(told.faults ?? [], []);
  }
  return { code: code as number, stdout, stderr, all: `${stdout}\n${stderr}` };
}

const policy = (version: string) => ({
  LaunchTemplate: {
    LaunchTemplateSpecification: { LaunchTemplateId: "lt-0a", LaunchTemplateName: "web", Version: version },
    Overrides: [{ InstanceType: "m7g.large" }],
  },
  InstancesDistribution: {
    OnDemandBaseCapacity: 1,
    OnDemandPercentageAboveBaseCapacity: 20,
    OnDemandAllocationStrategy: "prioritized",
    SpotAllocationStrategy: "price-capacity-optimized",
  },
});

const script = (manifest: string) => Buffer.from(`#!/bin/sh\nmanifest=${manifest}\n`).toString("base64");

const ended = (version: string, Status: string) => ({
  InstanceRefreshId: `refresh-${version}`,
  AutoScalingGroupName: GROUP,
  Status,
  DesiredConfiguration: { MixedInstancesPolicy: policy(version) },
});

/** A group on version 7, that was on 6, and whose 8 was rolled back. */
async function onVersion7(steps: object[]): Promise<void> {
  const past = [ended("8", "RollbackSuccessful"), ended("7", "Successful")];
  await fakes.autoscaling.tell("", {
    group: { name: GROUP, policy: policy("7"), machines: ["7", "7"] },
    refreshes: past,
    errors: {},
    steps,
  });
  const version = (VersionNumber: number, manifest: string) => ({
    VersionNumber,
    DefaultVersion: false,
    LaunchTemplateData: { UserData: script(manifest) },
  });
  await fakes.ec2.tell("", { versions: [version(6, ONE), version(7, TWO)] });
}

test("with refreshes, the versions that the group was on, and those that it was to be on, with their releases", async () => {
  await onVersion7([]);
  const { code, stdout, all } = await group("releases");
  assert.equal(code, 0, all);
  const rows = stdout.split("\n").filter((line) => line.includes("version"));
  const expected = [
    /version 8 .*was rolled back/,
    /222222222222 \(version 7\).*live.*is done/,
    /111111111111 \(version 6\).*was there before/,
  ];
  assert.equal(rows.length, expected.length, stdout);
  rows.forEach((row, index) => assert.match(row, expected[index] ?? /never/));
});

test("with refreshes, a rollback is one to the version before, with the rest of the group as it is", async () => {
  await onVersion7([{ Status: "InProgress", PercentageComplete: 50 }, { Status: "Successful" }]);
  const { code, stdout, stderr, all } = await group("rollback");
  assert.equal(code, 0, all);
  assert.match(
    stderr,
    /Going back to 111111111111 \(version 6\)[\s\S]*refresh to version 6 started[\s\S]*the group is on version 6, with 2 machines/,
  );
  assert.match(stdout, /Fleet web is back on 111111111111 \(version 6\)/);
  const { asked } = (await fakes.autoscaling.tell("")) as { asked: { action: string; given: { DesiredConfiguration?: object } }[] };
  const { LaunchTemplate, InstancesDistribution } = policy("6");
  const { LaunchTemplateName: _name, ...LaunchTemplateSpecification } = LaunchTemplate.LaunchTemplateSpecification;
  assert.deepEqual(asked.find(({ action }) => action === "StartInstanceRefresh")?.given.DesiredConfiguration, {
    MixedInstancesPolicy: { LaunchTemplate: { ...LaunchTemplate, LaunchTemplateSpecification }, InstancesDistribution },
  });
});

test("a rollback that AWS itself rolls back fails, and says what the group is on", async () => {
  await onVersion7([{ Status: "RollbackSuccessful", StatusReason: "Instance i-0 failed" }]);
  const { code, all } = await group("rollback", { to: releaseId(ONE).slice(0, 8) });
  assert.equal(code, 1, all);
  assert.match(all, /was rolled back: Instance i-0 failed[\s\S]*the group is on version 7/);
});

test("what the group was never on is refused, with what there is", async () => {
  await onVersion7([]);
  const { code, all } = await group("rollback", { to: "beef" });
  assert.equal(code, 2, all);
  assert.match(all, /there is no "beef"[\s\S]*name one of: 111111111111 \(version 6\), 222222222222 \(version 7\)/);
});

test("in place, the record's versions are the history, and a rollback brings the manifest before to the machines and to those born later", async () => {
  const inPlace = { document: "web-release", batch: "25%", maxErrors: 0 };
  await put(RECORD_KEY, `${ONE}\n`);
  await put(RECORD_KEY, `${TWO}\n`);
  const document = inPlaceDocument({ bucket: "artifacts", region: "eu-central-1", app: "shop" });
  await fakes.ssm.tell("", { documents: { "web-release": document }, group: GROUP, machines: [{ id: "i-0a" }] });
  const told = await group("releases", { inPlace });
  assert.equal(told.code, 0, told.all);
  assert.match(told.stdout, /222222222222 \(manifest bbbbbbbbbbbb\).*live[\s\S]*111111111111 \(manifest aaaaaaaaaaaa\)/);
  const back = await group("rollback", { inPlace });
  assert.equal(back.code, 0, back.all);
  assert.match(back.stderr, /Going back to 111111111111[\s\S]*i-0a: has it for good/);
  assert.match(back.stdout, /Fleet web is back on 111111111111/);
  const { text: record } = (await fakes.s3.tell("/object", { bucket: "artifacts", key: RECORD_KEY })) as { text: string };
  assert.equal(record.trim(), ONE);
  // Twice in a row it doesn't go forth again.
  const again = await group("rollback", { inPlace });
  assert.equal(again.code, 2, again.all);
  assert.match(again.all, /nothing is there that the group was on before/);
});

test("of machines with names it is the same, by their names; a release that is older than one of them is refused, and nothing is changed", async () => {
  const inPlace = { document: "web-release", batch: "25%", maxErrors: 0 };
  const [OLDER, NEWER] = ["aa".padEnd(64, "0"), "bb".padEnd(64, "0")];
  for (const manifest of [OLDER, NEWER]) {
    const own = JSON.stringify({ common: { app: { release: { id: releaseId(manifest) } } } });
    await put(`manifests/${manifest}`, `web-1 ${own}\nweb-2 ${own}\n`);
    await put(RECORD_KEY, `${manifest}\n`);
  }
  const document = inPlaceDocument({ bucket: "artifacts", region: "eu-central-1", app: "shop", named: "public-ipv4" });
  const tags = { "fleetwright:fleet": "web", "fleetwright:stack": "shop/prod" };
  const named = [
    { name: "web-1", id: "i-0a" },
    { name: "web-2", id: "i-0b" },
  ];
  const stranger = { "i-0b": { try: [{ output: "fleetwright=outside\n" }] } };
  await fakes.ssm.tell("", {
    documents: { "web-release": document },
    tags,
    machines: [{ id: "i-0a" }, { id: "i-0b" }],
    results: stranger,
    commands: [],
  });
  const more = { name: "web", instances: { stack: "shop/prod", machines: named } };
  const told = await group("releases", { inPlace, more });
  assert.match(
    told.stdout,
    /the fleet web in eu-central-1[\s\S]*220000000000 \(manifest bb0000000000\).*live[\s\S]*110000000000/,
    told.all,
  );
  const refused = await group("rollback", { inPlace, more });
  assert.equal(refused.code, 1, refused.all);
  assert.match(
    refused.all,
    /the release aa0000000000 has nothing for web-2: it is older than it[\s\S]*the fleet's release \(bb0000000000\)/,
  );
  const back = await group("rollback", { inPlace, more });
  assert.equal(back.code, 0, back.all);
  assert.match(back.stderr, /Going back to 110000000000[\s\S]*the fleet web in[\s\S]*web-2: has it for good/);
});
