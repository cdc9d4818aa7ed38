import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { parse } from "yaml";
import { autoscalingSchema } from "../../../../infra/config/aws/autoscaling.ts";
import { parseStackConfig } from "../../../../infra/config/parse.ts";
import { problemLines } from "../../../../infra/config/problems.ts";
import { fleetSchema } from "../../../../infra/config/schema.ts";
import { groupMachines } from "../../aws/samples.ts";
import { nearly } from "./nearly.ts";

function problems(more: object): string[] {
  const value = { ...groupMachines(), ...more };
  const result = autoscalingSchema.safeParse(value);
  return result.success ? [] : problemLines(autoscalingSchema, result.error, value);
}

test("a group over two zones is accepted, with safe defaults", () => {
  const { access, scaling, refresh, debian } = autoscalingSchema.parse(groupMachines());
  assert.deepEqual([access, scaling.cpuPercent, debian], ["public", 60, 13]);
  assert.deepEqual([refresh.minHealthyPercent, refresh.maxHealthyPercent], [100, 110]);
});

const kmsKey = "arn:aws:kms:eu-central-1:111122223333:key/k";
const elsewhere = "arn:aws:kms:eu-west-1:111122223333:key/mrk-1";
const certificate = "arn:aws:acm:eu-central-1:111122223333:certificate/c";
const bucket = "arn:aws:s3:::copy";
const to = { bucket, region: "eu-west-1" };
const failover = { zone: "example.org", failover: "primary" };

const refused: [string, object, RegExp][] = [
  ["one zone", { network: { subnets: { "eu-central-1a": "10.80.0.0/24" } } }, /^network\.subnets: has one zone; the balancer needs/],
  ["more at least than at most", { capacity: { min: 5, max: 4 } }, /^capacity\.min: is 5, more than "max" \(4\)/],
  ["fewer wanted than allowed", { capacity: { min: 2, max: 4, desired: 1 } }, /^capacity\.desired: is 1, outside of .*\(2 to 4\)/],
  ["more wanted than allowed", { capacity: { min: 2, max: 4, desired: 5 } }, /^capacity\.desired: is 5, outside of/],
  ["types of two architectures", { types: ["m7g.large", "m7i.large"] }, /^types\.1: is "m7i\.large" \(x64\), and "m7g\.large" is arm64/],
  ["a type twice", { types: ["m7g.large", "m7g.large"] }, /^types\.1: is "m7g\.large", which is in the list already/],
  ["a Mac", { types: ["m7g.large", "mac2.metal"] }, /^types\.1: .*can't run Debian/],
  ["no image id", { image: "debian-13" }, /^image: .*the id of an image/],
  ["spot with protection", { spot: { percent: 50 }, scaleInProtection: true }, /^scaleInProtection: can't be kept with "spot"/],
  ["no machine for spot", { spot: { percent: 50, base: 7 } }, /^spot\.base: is 7, more than "capacity\.max" \(6\)/],
  ["no certificate and no zone to prove one in", { dns: undefined }, /^certificate: missing/],
  ["a private group that nobody may use", { access: "private" }, /^clients: missing/],
  ["clients of a public group", { clients: ["10.0.0.0/8"] }, /^clients: is for "access: private"/],
  ["a refresh that can replace nothing", { refresh: { maxHealthyPercent: 100 } }, /^refresh\.maxHealthyPercent: is 100, like the least/],
  [
    "a refresh that AWS finds too wide",
    { refresh: { minHealthyPercent: 50, maxHealthyPercent: 180 } },
    /^refresh\.maxHealthyPercent: is 180, more than 100 above/,
  ],
  ["checkpoints that don't rise", { refresh: { checkpoints: [50, 20] } }, /^refresh\.checkpoints: must rise/],
  ["a pace for releases that don't come in place", { inPlace: { batch: 1 } }, /^inPlace: is for "releases: in-place"/],
  ["a pace that is none", { releases: "in-place", inPlace: { batch: "half" } }, /^inPlace\.batch: /],
  ["another way of releasing", { releases: "blue-green" }, /^releases: /],
  ["a topic that is none", { alarms: { topic: "alarms" } }, /^alarms\.topic: .*the ARN of an SNS topic/],
  ["logs kept for a time that CloudWatch doesn't have", { logs: { retentionDays: 0 } }, /^logs\.retentionDays: /],
  ["failover of a private group", { dns: failover, access: "private", clients: ["10.0.0.0/8"] }, /^dns\.failover: needs "access: public"/],
  ["failover without a zone", { certificate, dns: { failover: "primary" } }, /^dns\.zone: missing/],
  [
    "a part of a failover that there isn't",
    { dns: { zone: "example.org", failover: "both" } },
    /^dns\.failover: given "both"; allowed: "primary" or "secondary"/,
  ],
  [
    "a key of its own, and another",
    { key: { multiRegion: true }, kmsKey },
    /^key: is for a key of the fleet's own, and "kmsKey" names one/,
  ],
  ["a key that is neither", { key: {} }, /^key: is empty; give "multiRegion: true" or "replicaOf"/],
  ["a key that is both", { key: { multiRegion: true, replicaOf: elsewhere } }, /^key\.replicaOf: is for the second region/],
  [
    "a replica of a key that has none",
    { key: { replicaOf: "arn:aws:kms:eu-west-1:111122223333:key/k" } },
    /^key\.replicaOf: .*the ARN of a multi-Region key/,
  ],
  [
    "a replica in the key's own region",
    { key: { replicaOf: "arn:aws:kms:eu-central-1:111122223333:key/mrk-1" } },
    /^key\.replicaOf: is in eu-central-1, where/,
  ],
  [
    "a copy in the same region",
    { artifacts: { replicateTo: { bucket, region: "eu-central-1" } } },
    /^artifacts\.replicateTo\.region: is eu-central-1, where/,
  ],
  [
    "a copy in no region",
    { artifacts: { replicateTo: { bucket, region: "eu-west-1a" } } },
    /^artifacts\.replicateTo\.region: .*a region, for example/,
  ],
  [
    "a copy in no bucket",
    { artifacts: { replicateTo: { bucket: "copy", region: "eu-west-1" } } },
    /^artifacts\.replicateTo\.bucket: .*the ARN of a bucket/,
  ],
  ["an encrypted copy without a key", { kmsKey, artifacts: { replicateTo: to } }, /^artifacts\.replicateTo\.kmsKey: missing/],
  [
    "a key for what isn't encrypted by one",
    { artifacts: { replicateTo: { ...to, kmsKey: elsewhere } } },
    /^artifacts\.replicateTo\.kmsKey: goes with a key of this/,
  ],
  [
    "a key of another region than the copy",
    { kmsKey, artifacts: { replicateTo: { ...to, kmsKey } } },
    /^artifacts\.replicateTo\.kmsKey: is a key in eu-central-1/,
  ],
  ["a tag that is the fleet's", { tags: { Name: "y" } }, /^tags\.Name: is a tag that the fleet sets itself/],
];

for (const [what, more, expected] of refused) {
  test(`refused by key path, and nothing else is: ${what}`, () => {
    const found = problems(more);
    assert.equal(found.length, 1, found.join("\n"));
    assert.match(found[0] ?? "", expected);
  });
}

const fleet = { app: { dir: "." }, machines: groupMachines(), https: { domains: ["app.example.org"] } };

const refusedWholes: [string, object, RegExp][] = [
  [
    "ACME over HTTP for one name on several machines",
    { https: { mode: "acme", domains: ["app.example.org"], acme: { email: "ops@example.org" } } },
    /^https\.mode: "acme" can't work in a group/,
  ],
  ["plain HTTP behind the balancer", { https: { mode: "none", domains: ["app.example.org"] } }, /^https\.mode: "none" would leave/],
  ["no name", { https: {} }, /^https\.domains: is empty; the balancer's certificate needs a name/],
  ["a name for each machine", { https: { domains: ["{machine}.example.org"] } }, /^https\.domains\.0: .*have no names of their own/],
  [
    "a domain outside of the zone",
    { https: { domains: ["app.example.com"] } },
    /^https\.domains\.0: .*isn't in the hosted zone "example\.org"/,
  ],
  [
    "another port",
    { https: { domains: ["app.example.org"], httpsPort: 8443 } },
    /^https\.httpsPort: is 8443; a group is served at 80 and 443/,
  ],
  ["a step that runs on one machine", { app: { dir: ".", once: [{ name: "migrate", command: ["true"] }] } }, /^app\.once: needs a rollout/],
  [
    "failover that can't ask the app",
    { machines: { ...groupMachines(), dns: failover } },
    /^app\.health\.path: missing; "machines\.dns\.failover" asks it/,
  ],
  ["machines to skip", { rollout: { skip: ["web-1"] } }, /^rollout\.skip: names machines/],
];

for (const [what, more, expected] of refusedWholes) {
  test(`a fleet is refused by key path, and for nothing else: ${what}`, () => {
    const value = { ...fleet, ...more };
    const result = fleetSchema.safeParse(value);
    const found = result.success ? [] : problemLines(fleetSchema, result.error, value);
    assert.equal(found.length, 1, found.join("\n"));
    assert.match(found[0] ?? "", expected);
  });
}

test("a fleet that is a group is accepted", () => {
  assert.equal(fleetSchema.parse(fleet).machines.provider, "autoscaling");
});

test("the example of a stack is accepted as it is", () => {
  const file = parse(readFileSync(new URL("../../../../Pulumi.autoscaling.example.yaml", import.meta.url), "utf8"));
  const { machines } = parseStackConfig(file.config["fleetwright:fleet"]);
  assert.equal(machines.provider, "autoscaling");
});

const regions = {
  dns: failover,
  standby: true,
  key: { multiRegion: true },
  artifacts: { replicateTo: { ...to, kmsKey: elsewhere } },
  protect: true,
};

test("a second region is accepted: a replica of the first one's key, and values that aren't known yet", () => {
  assert.deepEqual(problems(regions), []);
  const deferred = Promise.resolve("later");
  const later = { replicateTo: { bucket: deferred, region: "eu-west-1", kmsKey: deferred } };
  assert.deepEqual(problems({ key: { replicaOf: deferred }, artifacts: later }), []);
});

test("whatever is given, it validates or has problems that name their key; it never throws", () => {
  let [good, bad] = [0, 0];
  const inPlace = { releases: "in-place", inPlace: { batch: "25%", maxErrors: 1 } };
  const more = { spot: { percent: 50, base: 1 }, refresh: { checkpoints: [20, 50] }, ...inPlace, tags: { team: "web" } };
  const whole = { ...groupMachines(), ...more, ...regions };
  fc.assert(
    fc.property(nearly(whole), (value) => {
      const result = autoscalingSchema.safeParse(value);
      if (result.success) return void (good += 1);
      bad += 1;
      const lines = problemLines(autoscalingSchema, result.error, value);
      assert.ok(lines.length > 0);
      for (const line of lines) assert.match(line, /^[^\n]+: ./s);
    }),
    { numRuns: 500, seed: 5 },
  );
  assert.ok(good > 0 && bad > 0, `${good} good, ${bad} bad`);
});
