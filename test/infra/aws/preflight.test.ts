/** AWS is asked, and the release built, before anything is made there. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import { ec2Resources } from "../../../infra/aws/ec2-resources.ts";
import { preflight } from "../../../infra/aws/preflight.ts";
import { sizeLines } from "../../../infra/aws/sizes.ts";
import { targetsOf } from "../../../infra/aws/targets.ts";
import { ec2Schema } from "../../../infra/config/aws/ec2.ts";
import type { FleetError } from "../../../infra/errors.ts";
import type { Target } from "../../../infra/machines/machine.ts";
import { imageNamed, offerings } from "./mock-answers.ts";
import { graphOf, madeCount, mockAws, type MockOptions } from "./mock-aws.ts";
import { ec2Machines } from "./samples.ts";

const OFFERINGS = "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings";
const TYPE = "aws:ec2/getInstanceType:getInstanceType";
const IMAGE = "aws:ec2/getAmi:getAmi";
const SUBNET = "aws:ec2/getSubnet:getSubnet";
const existing = { vpc: "vpc-0a", subnets: { "eu-central-1a": "subnet-0a", "eu-central-1b": "subnet-0b" } };

/** What the preflight asks to be built; fails as it does. */
async function settled(answers: MockOptions["answers"] = {}, more: object = {}): Promise<readonly Target[]> {
  await mockAws({ answers });
  let wanted: readonly Target[] = [];
  const build = async (targets: readonly Target[]) => void (wanted = targets);
  const machines = ec2Schema.parse({ ...ec2Machines(), ...more });
  try {
    await preflight({ parent: new pulumi.ComponentResource("test:Fleet", "web"), fleet: "web", machines, build });
  } finally {
    // What was asked beside the question that failed.
    await pulumi.runtime.disconnect();
  }
  return wanted;
}

test("where AWS has it all, the release is built for each architecture, with the Python of its image", async () => {
  assert.deepEqual(await settled(), [
    { arch: "x64", python: "3.13" },
    { arch: "arm64", python: "3.13" },
  ]);
  assert.deepEqual(await settled({}, { network: existing }), await settled());
});

test("what AWS doesn't have is told at once, by key path, and nothing is built", async () => {
  const none = () => Promise.reject(new Error("Your query returned no results. Please change your search criteria and try again."));
  const answers = { [OFFERINGS]: () => offerings(["m7i.large"]), [IMAGE]: none, [SUBNET]: none };
  await assert.rejects(settled(answers, { network: existing }), (error: FleetError) => {
    assert.equal(error.exitCode, 2);
    const keys = [...error.message.matchAll(/^ {2}- (\S+):/gm)].map(([, key]) => key);
    assert.deepEqual(keys, [
      "machines.network.subnets.eu-central-1a",
      "machines.network.subnets.eu-central-1b",
      "machines.instances.1.type",
      "machines.images.x64",
      "machines.images.arm64",
    ]);
    return true;
  });
});

test("an error of AWS's is no answer: it isn't taken for a thing that isn't there", async () => {
  const denied = () => Promise.reject(new Error("UnauthorizedOperation: You are not authorized to perform this operation"));
  await assert.rejects(settled({ [IMAGE]: denied }), /UnauthorizedOperation/);
});

test("a type is asked for once, however many machines have it", async () => {
  const asked: unknown[] = [];
  const answers = {
    [TYPE]: ({ instanceType }: Record<string, unknown>) => {
      asked.push(instanceType);
      return { defaultVcpus: 2, memorySize: 8192, supportedArchitectures: ["arm64"] };
    },
  };
  const instances = Array.from({ length: 50 }, (_, index) => ({ name: `m-${index}`, type: "m7g.large", zone: "eu-central-1a" }));
  await settled(answers, { instances });
  assert.deepEqual(asked, ["m7g.large"]);
});

test("nothing is made before it has settled", async () => {
  await mockAws();
  const gate = Promise.withResolvers<void>();
  const config = ec2Schema.parse({ ...ec2Machines(), network: existing, elasticIps: true, dns: { zone: "example.org" } });
  const serving = { mode: "acme" as const, httpPort: 80, httpsPort: 443, domains: ["example.org"], redirects: [] };
  const graph = graphOf(
    (parent) => void ec2Resources({ parent, fleet: "web", tags: {}, gate: pulumi.output(gate.promise) }, config, serving),
  );
  await sleep(300);
  assert.equal(madeCount(), 0);
  gate.resolve();
  assert.ok((await graph).length > 10);
});

test("an image that isn't Debian's own is built for once its machine has said what it has", () => {
  const machines = ec2Schema.parse(ec2Machines());
  const images = (name: string) => ({ images: { [machines.images.x64 ?? ""]: { ...imageNamed(""), name } as never } });
  assert.equal(targetsOf(machines, images("golden-image-7")), undefined);
});

test("the preview has a line for each type, with its vCPUs and who has it", () => {
  const types = {
    "m7g.large": { vcpus: 2, memoryMiB: 8192, architectures: [], zones: [] },
    "t4g.nano": { vcpus: 1, memoryMiB: 512, architectures: [], zones: [] },
  };
  const machines = [
    { name: "a", type: "t4g.nano" },
    ...Array.from({ length: 9 }, (_, index) => ({ name: `b-${index}`, type: "m7g.large" })),
  ];
  assert.deepEqual(sizeLines(machines, { types }), [
    "t4g.nano: 1 vCPU, 0.5 GiB, arm64: a",
    "m7g.large: 2 vCPUs, 8 GiB, arm64: b-0, b-1, b-2, b-3, b-4, b-5 and 3 more",
  ]);
});
