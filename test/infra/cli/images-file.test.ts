import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import { newestOf } from "../../../infra/aws/debian-images.ts";
import { imagesIn, withImages, withOwnImage } from "../../../infra/cli/images-file.ts";

const FILE = `# The shop's production.
config:
  aws:region: eu-central-1
  aws:profile: shop
  fleetwright:fleet:
    app: { dir: app }
    machines:
      provider: ec2
      network:
        subnets:
          eu-central-1a: 10.80.0.0/24 # the first zone
      images:
        # Bumped every month.
        x64: ami-0123456789abcdef0
      instances:
        - name: web-1 # the old one
          type: m7i.large
        - name: web-2
          type: m7g.large
          image: ami-0aaaaaaaaaaaaaaaa
`;
const [X64, ARM64] = ["ami-01111111111111111", "ami-02222222222222222"];
const BOTH = new Map([
  ["x64", X64],
  ["arm64", ARM64],
] as const);

test("a stack's file says its region, its profile and which architectures are in use", () => {
  assert.deepEqual(imagesIn(FILE), {
    region: "eu-central-1",
    profile: "shop",
    images: new Map([
      ["x64", "ami-0123456789abcdef0"],
      ["arm64", undefined],
    ]),
    machines: ["web-1", "web-2"],
  });
});

test("a file that has no machines on AWS is none", () => {
  assert.equal(imagesIn(""), undefined);
  assert.equal(imagesIn("config:\n  fleetwright:fleet: { machines: { provider: local } }\n"), undefined);
});

test("new images are written in place, and every comment stays", () => {
  const written = withImages(FILE, BOTH);
  for (const comment of ["# The shop's production.", "# Bumped every month.", "# the first zone", "# the old one"])
    assert.ok(written.includes(comment), written);
  const { machines } = parse(written).config["fleetwright:fleet"];
  assert.deepEqual(machines.images, { x64: X64, arm64: ARM64 });
  assert.deepEqual(
    machines.instances.map(({ image }: { image?: string }) => image),
    [undefined, undefined],
  );
  assert.equal(withImages(written, BOTH), written);
});

test("for one machine alone, the image of its architecture is its own, and no other line changes", () => {
  const written = withOwnImage(FILE, "web-1", BOTH);
  const added = written.split("\n").filter((line) => !FILE.split("\n").includes(line));
  assert.deepEqual(
    added.map((line) => line.trim()),
    [`image: ${X64}`],
  );
});

test("the newest image is so by its date, not by its name", () => {
  const images = [
    { ImageId: "ami-1", Name: "debian-13-amd64-20260901-1", CreationDate: "2026-09-01T00:00:00.000Z" },
    { ImageId: "ami-2", Name: "debian-13-amd64-2026", CreationDate: "2026-10-01T00:00:00.000Z" },
  ];
  assert.equal(newestOf(images)?.id, "ami-2");
  assert.equal(newestOf([]), undefined);
});

test("a group has one image, for the architecture of its types", () => {
  const group = FILE.replace("provider: ec2", "provider: autoscaling").replace(
    / {6}images:[\s\S]*/,
    "      image: ami-0123456789abcdef0 # pinned\n      types: [m7g.large, m6g.large]\n",
  );
  assert.deepEqual(imagesIn(group)?.images, new Map([["arm64", "ami-0123456789abcdef0"]]));
  const { machines } = parse(withImages(group, new Map([["arm64", ARM64 ?? ""]]))).config["fleetwright:fleet"];
  assert.equal(machines.image, ARM64);
  assert.equal(machines.images, undefined);
});
