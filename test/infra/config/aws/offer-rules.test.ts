/** What AWS doesn't have is named by the key that asks for it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Offer, offerFindings, type OfferKeys } from "../../../../infra/config/aws/offer-rules.ts";
import { ec2Machines } from "../../aws/samples.ts";

const [A, B] = ["eu-central-1a", "eu-central-1b"] as const;
const [X64, ARM64] = ["ami-0123456789abcdef0", "ami-0fedcba9876543210"] as const;
const m7i = { vcpus: 2, memoryMiB: 8192, architectures: ["x86_64"], zones: [A, B] };
const image = { architecture: "x86_64", state: "available", name: "debian-13-amd64-20260101-1", diskGiB: 8 };
const offer: Offer = {
  region: "eu-central-1",
  zones: [A, B],
  types: { "m7i.large": m7i, "m7g.large": { ...m7i, architectures: ["arm64"] } },
  images: { [X64]: image, [ARM64]: { ...image, architecture: "arm64" } },
  subnets: {},
};
const machines: OfferKeys = { ...ec2Machines(), instances: ec2Machines().instances.map((one) => ({ ...one, diskGiB: 8 })) };
const [first, second] = machines.instances as [OfferKeys["instances"][number], OfferKeys["instances"][number]];
const existing = (id: string): OfferKeys => ({ ...machines, network: { vpc: "vpc-0a", subnets: { [A]: id, [B]: "subnet-0b" } } });
const subnets = { "subnet-0a": { vpc: "vpc-0a", zone: A }, "subnet-0b": { vpc: "vpc-0a", zone: B } };

test("nothing is found where AWS has it all", () => {
  assert.deepEqual(offerFindings(machines, offer), []);
  const named: OfferKeys = { ...machines, delivery: "ssm" };
  assert.deepEqual(offerFindings(named, offer), []);
  const custom = { ...image, name: "ours-7" };
  assert.deepEqual(
    offerFindings({ ...named, debian: 12 }, { ...offer, images: { [X64]: custom, [ARM64]: { ...custom, architecture: "arm64" } } }),
    [],
  );
  assert.deepEqual(offerFindings(existing("subnet-0a"), { ...offer, subnets }), []);
});

const refused: [string, OfferKeys, Partial<Offer>, RegExp][] = [
  [
    "another region",
    machines,
    { region: "us-east-1" },
    /^network\.subnets\.eu-central-1a: is in eu-central-1, and the stack's region is us-east-1: pulumi config set/,
  ],
  [
    "a zone that the account can't use",
    machines,
    { zones: [A] },
    /^network\.subnets\.eu-central-1b: isn't a zone of eu-central-1 for this account; there are eu-central-1a/,
  ],
  [
    "a type that isn't there",
    machines,
    { types: { "m7i.large": m7i } },
    /^instances\.1\.type: is "m7g\.large", which AWS doesn't offer in eu-central-1/,
  ],
  [
    "a type that its zone doesn't have",
    machines,
    { types: { ...offer.types, "m7i.large": { ...m7i, zones: [B] } } },
    /^instances\.0\.zone: is eu-central-1a, where AWS doesn't offer m7i\.large; it does in eu-central-1b/,
  ],
  [
    "a type of another architecture than its name says",
    { ...machines, instances: [first], images: { x64: X64 } },
    { types: { "m7i.large": { ...m7i, architectures: ["arm64"] } } },
    /^instances\.0\.type: is "m7i\.large", which is for arm64/,
  ],
  [
    "an image that isn't there",
    machines,
    { images: { ...offer.images, [X64]: undefined } },
    /^images\.x64: is ami-0123456789abcdef0, which this account doesn't see/,
  ],
  [
    "an image for the other architecture",
    machines,
    { images: { [X64]: image, [ARM64]: image } },
    /^images\.arm64: is ami-0fedcba9876543210, an image for x86_64/,
  ],
  [
    "a machine's own image",
    { ...machines, instances: [{ ...first, image: ARM64 }, second] },
    {},
    /^instances\.0\.image: is ami-0fedcba9876543210, an image for arm64/,
  ],
  [
    "an image that failed",
    machines,
    { images: { ...offer.images, [X64]: { ...image, state: "failed" } } },
    /^images\.x64: .* whose state is "failed"/,
  ],
  [
    "a disk smaller than the image",
    { ...machines, instances: [first, { ...second, diskGiB: 20 }] },
    { images: { ...offer.images, [X64]: { ...image, diskGiB: 10 } } },
    /^instances\.0\.diskGiB: is 8; its image needs 10 or more/,
  ],
  [
    "an image with another Debian than the release is built for",
    { ...machines, delivery: "ssm", debian: 12 },
    {},
    /^debian: is 12, and "web-1" has the image debian-13-amd64-20260101-1: make it 13/,
  ],
  [
    "a machine's own image with another Debian",
    { ...machines, delivery: "ssm", instances: [first, { ...second, image: "ami-0a" }] },
    { images: { ...offer.images, "ami-0a": { ...image, architecture: "arm64", name: "debian-12-arm64-20260101-1" } } },
    /^instances\.1\.debian: is 13, and "web-2" has the image debian-12-arm64-20260101-1: make it 12/,
  ],
  [
    "a subnet that isn't there",
    existing("subnet-0c"),
    { subnets: { ...subnets, "subnet-0c": undefined } },
    /^network\.subnets\.eu-central-1a: is subnet-0c, which isn't there/,
  ],
  [
    "a subnet of another zone",
    existing("subnet-0c"),
    { subnets: { ...subnets, "subnet-0c": { vpc: "vpc-0a", zone: B } } },
    /eu-central-1a: is subnet-0c, which is in eu-central-1b/,
  ],
  [
    "a subnet of another VPC",
    existing("subnet-0c"),
    { subnets: { ...subnets, "subnet-0c": { vpc: "vpc-0b", zone: A } } },
    /is subnet-0c, which is in vpc-0b, not in vpc-0a/,
  ],
];

for (const [what, asked, answers, expected] of refused) {
  test(`found by key path, and nothing else is: ${what}`, () => {
    const lines = offerFindings(asked, { ...offer, ...answers }).map(({ path, message }) => `${path.join(".")}: ${message}`);
    assert.equal(lines.length, 1, lines.join("\n"));
    assert.match(lines[0] ?? "", expected);
  });
}
