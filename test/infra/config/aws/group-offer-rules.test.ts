import assert from "node:assert/strict";
import { test } from "node:test";
import { groupOfferFindings } from "../../../../infra/config/aws/group-offer-rules.ts";
import type { Offer } from "../../../../infra/config/aws/offer-rules.ts";
import { groupMachines } from "../../aws/samples.ts";

const machines = { ...groupMachines(), diskGiB: 16 };
const [a, b] = Object.keys(machines.network.subnets) as [string, string];
const type = (zones: string[]) => ({ vcpus: 2, memoryMiB: 8192, architectures: ["arm64"], zones });
const image = { architecture: "arm64", state: "available", name: "debian-13-arm64-1", diskGiB: 8 };
const offer: Offer = {
  region: "eu-central-1",
  zones: [a, b],
  types: { "m7g.large": type([a, b]), "m6g.large": type([a, b]) },
  images: { [machines.image]: image },
  subnets: {},
};
const found = (more: Partial<Offer>, of: Partial<typeof machines> = {}) =>
  groupOfferFindings({ ...machines, ...of }, { ...offer, ...more }).map(({ path, message }) => `${path.join(".")}: ${message}`);

test("what AWS has is fine; a type that is in one of the zones is enough", () => {
  assert.deepEqual(found({}), []);
  for (const zone of [a, b]) assert.deepEqual(found({ types: { ...offer.types, "m6g.large": type([zone]) } }), []);
});

test("what AWS doesn't have is named by the group's own keys, each thing once", () => {
  const missing = found({ types: { "m7g.large": type([a, b]) } });
  assert.equal(missing.length, 1, missing.join("\n"));
  assert.match(missing[0] ?? "", /^types\.1: is "m6g\.large", which AWS doesn't offer in eu-central-1/);
  assert.match(
    found({ types: { ...offer.types, "m6g.large": type(["eu-central-1c"]) } }).join("\n"),
    /^types\.1: .*in none of these zones; it does in eu-central-1c$/,
  );
  assert.match(found({ images: {} }).join("\n"), /^image: is ami-[^\n]*doesn't see[^\n]*$/);
  assert.match(
    found({ images: { [machines.image]: { ...image, architecture: "x86_64" } } }).join("\n"),
    /^image: [^\n]*an image for x86_64$/,
  );
  assert.match(found({}, { diskGiB: 4 }).join("\n"), /^diskGiB: is 4; its image needs 8 or more$/);
  assert.match(
    found({ region: "us-east-1" }).join("\n"),
    /^network\.subnets\.eu-central-1a: is in eu-central-1, and the stack's region is us-east-1/,
  );
});
