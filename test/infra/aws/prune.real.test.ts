/** `fleet prune`, the real process, with S3 by moto and a fake EC2 and Auto Scaling that keep to botocore's service models. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { RECORD_KEY } from "../../../infra/aws/boot-script.ts";
import { until } from "../../support/poll.ts";
import { FakeAws } from "./fakes/aws-process.ts";

const MAIN = join(import.meta.dirname, "../../../infra/cli/main.ts");
const PLACE = { region: "eu-central-1", group: "web-1234567", bucket: "artifacts", template: "lt-0a" };
const INPUT = { schema: 1, fleet: "web", ...PLACE, keepReleases: 2 };
const folder = mkdtempSync(join(tmpdir(), "fleetwright-prune-"));
const hash = (what: string) => createHash("sha256").update(what).digest("hex");
let [s3, ec2, scaling]: FakeAws[] = [];

before(async () => {
  [s3, ec2, scaling] = await Promise.all(["boot.py", "ec2.py", "autoscaling.py"].map((script) => FakeAws.start(script, "127.0.0.1")));
  await s3?.tell("/bucket", { name: INPUT.bucket });
});
after(async () => {
  await Promise.all([s3, ec2, scaling].map((fake) => fake?.close()));
  rmSync(folder, { recursive: true });
});

const DAYS_2_MS = 2 * 86_400_000;

async function run(
  extra: string[] = ["--ahead", String(DAYS_2_MS)],
  input: object = INPUT,
): Promise<{ code: number | null; said: string }> {
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", MAIN, "prune", ...extra], {
    env: {
      ...process.env,
      AWS_ACCESS_KEY_ID: "test",
      AWS_SECRET_ACCESS_KEY: "test",
      AWS_PROFILE: "",
      AWS_EC2_METADATA_DISABLED: "true",
      AWS_MAX_ATTEMPTS: "2",
      AWS_ENDPOINT_URL_S3: s3?.url,
      AWS_ENDPOINT_URL_EC2: ec2?.url,
      AWS_ENDPOINT_URL_AUTO_SCALING: scaling?.url,
    },
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin.end(JSON.stringify(input));
  const [said] = await Promise.all([text(child.stderr), text(child.stdout), new Promise((ended) => child.on("exit", ended))]);
  return { code: child.exitCode, said };
}

async function put(key: string, content: string): Promise<void> {
  const path = join(folder, "object");
  writeFileSync(path, content);
  await s3?.tell("/put", { bucket: INPUT.bucket, key, path });
}

async function nextSecond(): Promise<void> {
  const second = Math.floor(Date.now() / 1_000);
  await until("the next second", () => Math.floor(Date.now() / 1_000) > second, 60_000);
}

/** Five releases with one runtime bundle; the group is on the last, as version 5. */
async function arrange(): Promise<void> {
  const versions = [];
  for (const number of [1, 3, 2, 4, 5]) {
    // S3's times are whole seconds: 1 and 3 shall be the oldest.
    if (number === 2) await nextSecond();
    const manifest = JSON.stringify({ schema: 1, runtime: { sha256: hash("runtime") }, release: { sha256: hash(`release ${number}`) } });
    await put(`manifests/${hash(manifest)}`, manifest);
    await put(`archives/${hash(`release ${number}`)}`, `release ${number}`);
    const UserData = Buffer.from(`#!/bin/sh\nmanifest=${hash(manifest)}\n`).toString("base64");
    versions.push({ VersionNumber: number, DefaultVersion: number === 5, LaunchTemplateData: { UserData } });
  }
  await put(`archives/${hash("runtime")}`, "runtime");
  await ec2?.tell("", { versions, stuck: [], errors: {} });
  await scaling?.tell("", { group: { name: INPUT.group, policy: POLICY, machines: ["5", "2"] }, refreshes: [], errors: {}, steps: [] });
}

const POLICY = {
  LaunchTemplate: {
    LaunchTemplateSpecification: { LaunchTemplateId: "lt-0a", LaunchTemplateName: "web", Version: "5" },
    Overrides: [{ InstanceType: "m7g.large" }],
  },
  InstancesDistribution: {
    OnDemandBaseCapacity: 0,
    OnDemandPercentageAboveBaseCapacity: 100,
    OnDemandAllocationStrategy: "prioritized",
    SpotAllocationStrategy: "price-capacity-optimized",
  },
};

test("after a day old releases are gone, but for the newest and those in use; a second run finds nothing", async () => {
  await arrange();
  const gone = (objects: number) => `web: old releases are gone: 2 of the template's versions, ${objects} objects (0 MiB) in the bucket\n`;
  assert.deepEqual(await run([]), { code: 0, said: gone(0) });
  await arrange();
  assert.deepEqual(await run(), { code: 0, said: gone(4) });
  assert.deepEqual(await run(), { code: 0, said: "" });
});

test("AWS refuses: it says so, and an up doesn't fail for it", async () => {
  await arrange();
  const refused = [{ code: "UnauthorizedOperation", message: "You are not authorized to perform this operation.", status: 403 }];
  await ec2?.tell("", { errors: { DeleteLaunchTemplateVersions: refused } });
  const { code, said } = await run();
  assert.equal(code, 0);
  assert.match(said, /^web: old releases were not removed \(UnauthorizedOperation: .*\); the next up tries again$/m);
});

test("of machines with names the newest releases stay, and the one that the fleet is on, with all that any machine needs", async () => {
  await s3?.tell("/bucket", { name: "named" });
  const at = { bucket: "named", path: join(folder, "object") };
  const keep = async (key: string, content: string) => {
    writeFileSync(at.path, content);
    await s3?.tell("/put", { ...at, key });
  };
  const manifestOf = (number: number) =>
    ["arm64", "x64"]
      .map((arch) => ({ schema: 1, runtime: { sha256: hash(arch) }, release: { sha256: hash(`${arch} ${number}`) } }))
      .map((manifest, index) => `web-${index} ${JSON.stringify(manifest)}\n`)
      .join("");
  for (const number of [1, 2, 3, 4]) {
    if (number === 3) await nextSecond();
    await keep(`manifests/${hash(manifestOf(number))}`, manifestOf(number));
    for (const arch of ["arm64", "x64"]) await keep(`archives/${hash(`${arch} ${number}`)}`, `${arch} ${number}`);
  }
  for (const arch of ["arm64", "x64"]) await keep(`archives/${hash(arch)}`, arch);
  await keep(RECORD_KEY, `${hash(manifestOf(1))}\n`);
  const { group: _group, template: _template, ...input } = { ...INPUT, bucket: "named" };
  const pruned = await run(undefined, input);
  assert.deepEqual(pruned, { code: 0, said: "web: old releases are gone: 3 objects (0 MiB) in the bucket\n" });
  assert.deepEqual(await run(undefined, input), { code: 0, said: "" });
});
