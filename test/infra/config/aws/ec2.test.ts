import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ec2Schema } from "../../../../infra/config/aws/ec2.ts";
import { problemLines } from "../../../../infra/config/problems.ts";
import { ec2Machines } from "../../aws/samples.ts";
import { nearly } from "./nearly.ts";

function problems(more: object): string[] {
  const value = { ...ec2Machines(), ...more };
  const result = ec2Schema.safeParse(value);
  return result.success ? [] : problemLines(ec2Schema, result.error, value);
}

const instance = { name: "web-1", type: "m7g.large", zone: "eu-central-1a" };
const subnets = { "eu-central-1a": "10.80.0.0/24", "eu-central-1b": "10.80.1.0/24" };

test("a fleet of both architectures over two zones is accepted, with safe defaults", () => {
  const config = ec2Schema.parse(ec2Machines());
  assert.equal(config.access, "public");
  assert.equal(config.elasticIps, false);
  assert.deepEqual(
    config.instances.map(({ diskGiB }) => diskGiB),
    [16, 16],
  );
});

const { from: _from, ...keys } = ec2Machines().ssh;
const closed = { ...keys, through: "instance-connect" };
const bastion = { address: "198.51.100.7", hostKey: "ssh-ed25519 AAAA" };

const refused: [string, object, RegExp][] = [
  [
    "a zone without a subnet",
    { instances: [{ ...instance, zone: "eu-central-1c" }] },
    /^instances\.0\.zone: is "eu-central-1c", which has no subnet/,
  ],
  [
    "no zone where there are several",
    { instances: [{ ...instance, zone: undefined }] },
    /^instances\.0\.zone: missing; there are several zones/,
  ],
  ["a zone that is no zone", { network: { subnets: { "eu-central-1": "10.80.0.0/24" } } }, /^network\.subnets\.eu-central-1/],
  ["no subnet at all", { network: { subnets: {} } }, /^network\.subnets: is empty/],
  [
    "zones of two regions",
    { network: { subnets: { ...subnets, "us-east-1a": "10.80.2.0/24" } } },
    /^network\.subnets\.us-east-1a: is in another region/,
  ],
  ["a range that is no range", { network: { cidr: "10.80.0.0/33", subnets } }, /^network\.cidr: must be an IPv4 range/],
  ["a range that begins in its middle", { network: { cidr: "10.80.0.1/16", subnets } }, /^network\.cidr: must be an IPv4 range/],
  ["a VPC too large for AWS", { network: { cidr: "10.0.0.0/8", subnets } }, /^network\.cidr: is 10\.0\.0\.0\/8; AWS allows \/16 to \/28/],
  [
    "a subnet outside of the VPC",
    { network: { cidr: "10.80.0.0/16", subnets: { ...subnets, "eu-central-1b": "10.81.0.0/24" } } },
    /^network\.subnets\.eu-central-1b: .*outside of the VPC's range/,
  ],
  [
    "subnets that overlap",
    { network: { subnets: { ...subnets, "eu-central-1b": "10.80.0.128/25" } } },
    /^network\.subnets\.eu-central-1b: .*overlaps with eu-central-1a/,
  ],
  [
    "a subnet too small for AWS",
    { network: { subnets: { ...subnets, "eu-central-1b": "10.80.1.0/29" } } },
    /^network\.subnets\.eu-central-1b: .*\/16 to \/28/,
  ],
  [
    "ranges in a VPC that is there",
    { network: { vpc: "vpc-0a", subnets: { ...subnets, "eu-central-1b": "subnet-0b" } } },
    /^network\.subnets\.eu-central-1a: must be a subnet of the VPC/,
  ],
  ["two machines of one name", { instances: [instance, instance] }, /^instances\.1\.name: "web-1" is the name of machine 0 already/],
  ["an architecture without an image", { images: { x64: "ami-0123456789abcdef0" } }, /^images\.arm64: missing; "web-2" \(m7g\.large\)/],
  [
    "one image for both architectures",
    { images: { x64: "ami-0123456789abcdef0", arm64: "ami-0123456789abcdef0" } },
    /^images\.arm64: is the image for x64/,
  ],
  [
    "a machine's own image that is no image",
    { instances: [{ ...instance, image: "debian-13" }] },
    /^instances\.0\.image: given "debian-13"; allowed: the id of an image/,
  ],
  ["a Mac", { instances: [{ ...instance, type: "mac2.metal" }] }, /^instances\.0\.type: .*can't run Debian/],
  ["what is no instance type", { instances: [{ ...instance, type: "large" }] }, /^instances\.0\.type: must be an instance type/],
  ["SSH from anywhere", { ssh: { ...ec2Machines().ssh, from: ["0.0.0.0/0"] } }, /^ssh\.from\.0: is the whole internet/],
  ["nobody who may use SSH", { ssh: { ...ec2Machines().ssh, from: [] } }, /^ssh\.from: is missing/],
  [
    "an open port beside a closed one",
    { ssh: { ...ec2Machines().ssh, through: "instance-connect" } },
    /^ssh\.from: has no use with "through"/,
  ],
  [
    "an endpoint of a VPC that is there, and nobody knows where",
    { ssh: closed, network: { vpc: "vpc-0a", subnets: { "eu-central-1a": "subnet-0a", "eu-central-1b": "subnet-0b" } } },
    /^ssh\.from: is missing; give the range that the VPC's own Instance Connect Endpoint/,
  ],
  ["a bastion on the way of an endpoint", { ssh: { ...closed, bastion } }, /^ssh\.bastion: goes another way than "through"/],
  ["alarms that nobody hears", { alarms: {} }, /^alarms: tell nobody; give "topic" or "email"/],
  [
    "alarms with a topic and an address",
    { alarms: { topic: "arn:aws:sns:eu-central-1:1:t", email: "a@example.org" } },
    /^alarms\.email: is for a topic of the fleet's own/,
  ],
  ["an alarm's topic that is none", { alarms: { topic: "ops" } }, /^alarms\.topic: given "ops"; allowed: the ARN of an SNS topic/],
  [
    "logs kept for a time that CloudWatch doesn't have",
    { logs: { retentionDays: 31 } },
    /^logs\.retentionDays: .*given 31; allowed: .*30.*60/,
  ],
  ["a key for logs that is none", { logs: { kmsKey: "alias/logs" } }, /^logs\.kmsKey: .*the ARN of a KMS key/],
  [
    "failover of machines that can't be asked from outside",
    { access: "private", clients: ["10.0.0.0/8"], dns: { zone: "example.org", failover: "secondary" } },
    /^dns\.failover: needs "access: public"/,
  ],
  [
    "failover of more machines than a check looks at",
    {
      elasticIps: true,
      dns: { zone: "example.org", failover: "primary" },
      instances: Array.from({ length: 256 }, (_, index) => ({ name: `m-${index}`, type: "m7g.large", zone: "eu-central-1a" })),
    },
    /^dns\.failover: asks each machine from outside, 255 at most, and there are 256/,
  ],
  [
    "failover whose machines change their addresses",
    { dns: { zone: "example.org", failover: "primary" } },
    /^elasticIps: must be true with "dns"/,
  ],
  ["a private fleet that nobody may use", { access: "private" }, /^clients: missing/],
  ["a private fleet for everybody", { access: "private", clients: ["0.0.0.0/0"] }, /^clients\.0: is the whole internet/],
  ["clients of a public fleet", { clients: ["10.0.0.0/8"] }, /^clients: is for "access: private"/],
  [
    "public addresses of a private fleet",
    { access: "private", clients: ["10.0.0.0/8"], elasticIps: true },
    /^elasticIps: is for "access: public"/,
  ],
  ["records for addresses that change", { dns: { zone: "example.org" } }, /^elasticIps: must be true with "dns"/],
  ["a tag that AWS keeps for itself", { tags: { "aws:x": "y" } }, /^tags\.aws:x: begins with "aws:"/],
  ["a tag that is the fleet's", { tags: { Name: "y" } }, /^tags\.Name: is a tag that the fleet sets itself/],
  ["a tag with a letter that AWS refuses", { tags: { team: "a;b" } }, /^tags\.team: AWS allows letters/],
];

for (const [what, more, expected] of refused) {
  test(`refused by key path, and nothing else is: ${what}`, () => {
    const found = problems(more);
    assert.equal(found.length, 1, found.join("\n"));
    assert.match(found[0] ?? "", expected);
  });
}

test("whatever is given, it validates or has problems that name their key; it never throws", () => {
  let [good, bad] = [0, 0];
  fc.assert(
    fc.property(nearly({ ...ec2Machines(), elasticIps: true, dns: { zone: "example.org" }, tags: { team: "web" } }), (value) => {
      const result = ec2Schema.safeParse(value);
      if (result.success) good += 1;
      if (result.success) return;
      bad += 1;
      const lines = problemLines(ec2Schema, result.error, value);
      assert.ok(lines.length > 0);
      for (const line of lines) assert.match(line, /^[^\n]+: ./s);
    }),
    { numRuns: 500 },
  );
  assert.ok(good > 0 && bad > 0, `${good} good, ${bad} bad`);
});
