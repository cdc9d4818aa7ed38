/** Whole configurations of AWS fleets, near what is right and far from it: told by their keys, or taken; nothing else is thrown. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { groupOfferFindings } from "../../../../infra/config/aws/group-offer-rules.ts";
import { type Offer, offerFindings } from "../../../../infra/config/aws/offer-rules.ts";
import { parseFleet, parseStackConfig } from "../../../../infra/config/parse.ts";
import { FleetError } from "../../../../infra/errors.ts";
import { ec2Machines, groupMachines, namedMachines } from "../../aws/samples.ts";
import { nearly } from "./nearly.ts";

/** What a program may give as well as what a file can have. */
const odd = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withTypedArray: true,
  withSparseArray: true,
  withNullPrototype: true,
  withObjectString: true,
});

const kmsKey = "arn:aws:kms:eu-west-1:111122223333:key/mrk-1";
const app = { dir: "app", health: { path: "/healthz" }, environment: { LOG: "info" }, secrets: { DB: "hunter-2 hunter-2" } };
const wholes: Record<string, object> = {
  "machines by name": {
    name: "web",
    app,
    machines: {
      ...ec2Machines(),
      dns: { zone: "example.org" },
      alarms: { email: "ops@example.org" },
      logs: { retentionDays: 30, kmsKey },
      elasticIps: true,
      tags: { team: "web" },
    },
    https: { mode: "acme", acme: { email: "ops@example.org" }, domains: ["{machine}.example.org"] },
    rollout: { batch: "25%", skip: ["web-1"] },
  },
  "machines that nobody logs in to": {
    name: "web",
    app,
    machines: { ...namedMachines(), debian: 13, kmsKey, access: "private", clients: ["10.0.0.0/8"], tags: { team: "web" } },
    https: { mode: "acme", acme: { email: "ops@example.org" }, domains: ["{machine}.example.org"] },
    rollout: { batch: "25%" },
  },
  "a group in two regions": {
    name: "web",
    app,
    machines: {
      ...groupMachines(),
      spot: { percent: 50, base: 1 },
      dns: { zone: "example.org", failover: "primary" },
      key: { multiRegion: true },
      artifacts: { replicateTo: { bucket: "arn:aws:s3:::copy", region: "eu-west-1", kmsKey }, keepReleases: 5 },
      protect: true,
    },
    https: { domains: ["app.example.org"], redirects: ["www.example.org"] },
  },
};

/** @throws whatever isn't a refusal by keys */
function refusalOf(parse: () => unknown): string | undefined {
  try {
    parse();
    return undefined;
  } catch (error) {
    if (!(error instanceof FleetError)) throw error;
    return error.message;
  }
}

const REFUSAL = /^The configuration \(fleetwright:fleet\) has (a problem|\d+ problems):\n( {2}- [^\n]+: [^]+)+\nLeft as it is: /;

for (const [what, whole] of Object.entries(wholes)) {
  test(`${what}: whatever is given, it is taken, or refused with the keys of every problem and no secret`, () => {
    let [good, bad] = [0, 0];
    assert.equal(
      refusalOf(() => parseStackConfig(whole)),
      undefined,
    );
    fc.assert(
      fc.property(nearly(whole, odd), (value) => {
        const said = refusalOf(() => parseStackConfig(value));
        if (said === undefined) return void (good += 1);
        bad += 1;
        assert.match(said, REFUSAL);
        assert.ok(!said.includes("hunter-2"), said);
      }),
      { numRuns: 1_000, seed: 11 },
    );
    assert.ok(good > 0 && bad > 0, `${good} good, ${bad} bad`);
  });
}

test("what can't be written as JSON, or as text at all, is refused like the rest", () => {
  const { machines } = wholes["a group in two regions"] as { machines: object };
  const subnets = { "eu-central-1a": Object.create(null) as unknown, "eu-central-1b": "10.80.1.0/24" };
  const said = refusalOf(() => parseFleet("web", { app, machines: { ...machines, network: { subnets }, debian: 13n } }));
  assert.match(said ?? "", /machines\.debian: given 13; /);
  assert.match(said ?? "", /machines\.network\.subnets\.eu-central-1a: /);
});

test("arguments that are nothing like a fleet are refused, too", () => {
  fc.assert(
    fc.property(odd, (value) => assert.ok(refusalOf(() => parseFleet("web", value)) !== undefined)),
    { numRuns: 500, seed: 12 },
  );
});

const words = fc.constantFrom("m7i.large", "m7g.large", "eu-central-1", "eu-central-1a", "x86_64", "arm64", "available");
const text = fc.oneof(words, fc.string());
const texts = fc.array(text, { maxLength: 4 });
const offers: fc.Arbitrary<Offer> = fc.record({
  region: text,
  zones: texts,
  types: fc.dictionary(text, fc.record({ vcpus: fc.nat(), memoryMiB: fc.nat(), architectures: texts, zones: texts })),
  images: fc.dictionary(
    fc.constantFrom(...Object.values(ec2Machines().images)),
    fc.option(fc.record({ architecture: text, state: text, name: text, diskGiB: fc.nat() }), { nil: undefined }),
  ),
  subnets: fc.dictionary(text, fc.option(fc.record({ vpc: text, zone: text }), { nil: undefined })),
});

test("whatever AWS answers, a fleet that is right in itself is taken, or refused by keys that it has", () => {
  const instances = ec2Machines().instances.map((instance) => ({ ...instance, diskGiB: 16 }));
  const named = { ...ec2Machines(), instances };
  const group = { ...groupMachines(), diskGiB: 16 };
  fc.assert(
    fc.property(offers, (offer) => {
      for (const [machines, findings] of [
        [named, offerFindings(named, offer)],
        [group, groupOfferFindings(group, offer)],
      ] as const) {
        for (const { path, message } of findings) {
          assert.ok(message.length > 0);
          assert.ok((path[0] ?? "") in machines, path.join("."));
        }
      }
    }),
    { numRuns: 500, seed: 13 },
  );
});
