/** Configurations that can't work on AWS, each with the key that is told. */
import { fileURLToPath } from "node:url";
import { ec2Machines, groupMachines } from "./samples.ts";

const dir = fileURLToPath(new URL("../../../examples/fastapi", import.meta.url));
const { ssh, images, network } = ec2Machines();
const instance = { name: "web-1", type: "m7g.large", zone: "eu-central-1a" };
const subnets = { ...network.subnets, "eu-central-1b": "10.80.0.128/25" };

const named = (machines: object, more: object = {}) => ({ app: { dir }, machines: { ...ec2Machines(), ...machines }, ...more });
const group = (machines: object, more: object = {}) => ({
  app: { dir },
  machines: { ...groupMachines(), ...machines },
  https: { domains: ["app.example.org"] },
  ...more,
});

/** Told by the configuration alone. */
export const refused: [what: string, args: object, key: RegExp][] = [
  ["an architecture without an image", named({ images: { x64: images.x64 } }), /machines\.images\.arm64: missing; "web-2" \(m7g\.large\)/],
  ["a zone that is none", named({ instances: [{ ...instance, zone: "frankfurt" }] }), /machines\.instances\.0\.zone: given "frankfurt"/],
  ["a range that is none", named({ network: { ...network, cidr: "10.80.0.0/33" } }), /machines\.network\.cidr: must be an IPv4 range/],
  ["subnets that overlap", named({ network: { subnets } }), /machines\.network\.subnets\.eu-central-1b: .*overlaps with eu-central-1a/],
  ["SSH from everywhere", named({ ssh: { ...ssh, from: ["0.0.0.0/0"] } }), /machines\.ssh\.from\.0: /],
  ["a name too long", named({ instances: [{ ...instance, name: "a".repeat(70) }] }), /machines\.instances\.0\.name: /],
  [
    "a domain without its zone",
    named({ dns: { zone: "example.org" } }, { https: { domains: ["a.example.com"] } }),
    /https\.domains\.0: .*"example\.org"/,
  ],
  ["more machines than the most", group({ capacity: { min: 2, max: 4, desired: 5 } }), /machines\.capacity\.desired: is 5, outside of/],
  [
    "spot with protection",
    group({ spot: { percent: 50 }, scaleInProtection: true }),
    /machines\.scaleInProtection: can't be kept with "spot"/,
  ],
  [
    "ACME over HTTP for one name on many machines",
    group({}, { https: { mode: "acme", domains: ["app.example.org"], acme: { email: "ops@example.org" } } }),
    /https\.mode: "acme" can't work in a group/,
  ],
  ["failover that can't ask the app", group({ dns: { zone: "example.org", failover: "primary" } }), /app\.health\.path: missing/],
  [
    "a copy in the fleet's own region",
    group({ artifacts: { replicateTo: { bucket: "arn:aws:s3:::copy", region: "eu-central-1" } } }),
    /machines\.artifacts\.replicateTo\.region: is eu-central-1/,
  ],
];

const elsewhere = { "eu-west-1a": "10.80.0.0/24", "eu-west-1b": "10.80.1.0/24" };
const unknownZone = { ...network.subnets, "eu-central-1d": "10.80.2.0/24" };
const others = { x64: images.x64, arm64: "ami-00000000000000001" };

/** Told by what AWS says it has. */
export const unoffered: [what: string, args: object, keys: RegExp[]][] = [
  [
    "another region",
    group({ network: { subnets: elsewhere } }),
    [/machines\.network\.subnets\.eu-west-1a: is in eu-west-1, and the stack's region is eu-/],
  ],
  [
    "a zone that isn't there, and an image for the other architecture, at once",
    named({ network: { subnets: unknownZone }, images: others }),
    [
      /machines\.network\.subnets\.eu-central-1d: isn't a zone of eu-central-1/,
      /machines\.images\.arm64: is ami-00000000000000001, an image for x86_64/,
    ],
  ],
  [
    "a subnet of another VPC",
    named({ network: { vpc: "vpc-0b", subnets: { "eu-central-1a": "subnet-0a", "eu-central-1b": "subnet-0b" } } }),
    [/machines\.network\.subnets\.eu-central-1a: is subnet-0a, which is in vpc-0a, not in vpc-0b/],
  ],
];
