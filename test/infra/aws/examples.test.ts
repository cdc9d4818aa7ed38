/** The example stacks, as they are, in a preview under mocks. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import { checkAws } from "../../../infra/aws/rules/check.ts";
import { clashes } from "../../../infra/aws/rules/clashes.ts";
import { PINS_VARIABLE } from "../../../infra/overrides.ts";
import { deploy } from "../../../infra/program.ts";
import { offerings } from "./mock-answers.ts";
import { graphOf, type MadeResource, mockAws } from "./mock-aws.ts";

const folder = fileURLToPath(new URL("../../../examples/aws/", import.meta.url));
const cache = mkdtempSync(join(tmpdir(), "fleetwright-examples-"));
after(() => rmSync(cache, { recursive: true }));

/** Machines that fetch their release need one in a preview, too: pinned, so that none is built. */
function pinRelease(): void {
  const archive = { sha256: "a".repeat(64), bytes: 1 };
  mkdirSync(join(cache, "archives"));
  writeFileSync(join(cache, "archives", `${archive.sha256}.tar.gz`), "x");
  const pin = {
    app: { name: "shop", command: { kind: "asgi", app: "app:app" } },
    release: { id: "b".repeat(64), archives: { "arm64-whole": archive, arm64: archive, "x64-whole": archive, x64: archive }, packages: {} },
    runtimes: { arm64: { id: "c".repeat(64), ...archive }, x64: { id: "d".repeat(64), ...archive } },
  };
  writeFileSync(join(cache, "pins.json"), JSON.stringify({ schema: 1, fleets: { shop: pin, "shop-closed": pin } }));
  process.env.FLEETWRIGHT_CACHE = cache;
}

pinRelease();

interface Example {
  region: string;
  graph: MadeResource[];
}

const FETCHING = ["prod", "dr", "closed"];

/** @param change what is written into the file before */
async function previewOf(stack: string, change: (text: string) => string = (text) => text): Promise<Example> {
  const { config } = parse(change(readFileSync(`${folder}Pulumi.${stack}.yaml`, "utf8"))) as { config: Record<string, unknown> };
  const text = Object.entries(config).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]);
  const region = String(config["aws:region"]);
  await mockAws({ preview: true, stack, answers: answersIn(region) });
  pulumi.runtime.setAllConfig(Object.fromEntries(text));
  if (FETCHING.includes(stack)) process.env[PINS_VARIABLE] = join(cache, "pins.json");
  else delete process.env[PINS_VARIABLE];
  return { region, graph: await graphOf(() => void deploy(folder)) };
}

function answersIn(region: string) {
  const zones = ["a", "b", "c"].map((letter) => `${region}${letter}`);
  return {
    "aws:index/getRegion:getRegion": () => ({ region }),
    "aws:index/getAvailabilityZones:getAvailabilityZones": () => ({ names: zones }),
    "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings": ({ filters }: Record<string, unknown>) =>
      offerings((filters as { values: string[] }[])[0]?.values ?? [], zones),
    ...(region === "eu-central-1" ? {} : { "aws:ec2/getAmi:getAmi": () => IMAGE }),
  };
}

/** Of dr's region. */
const IMAGE = {
  architecture: "arm64",
  state: "available",
  name: "debian-13-arm64-20260101-1234",
  rootDeviceName: "/dev/xvda",
  blockDeviceMappings: [{ deviceName: "/dev/xvda", ebs: { volume_size: "8" } }],
};

function namesOf(graph: readonly MadeResource[], kind: string): string[] {
  return graph.filter(({ type }) => type.endsWith(`:${kind}`)).map(({ name }) => name);
}

for (const [stack, machines, groups] of [
  ["dev", ["shop-dev-dev-1"], []],
  ["named", ["shop-named-web-1", "shop-named-web-2", "shop-named-web-3"], []],
  ["closed", ["shop-closed-web-1", "shop-closed-web-2"], []],
  ["prod", [], ["shop"]],
  ["dr", [], ["shop"]],
] as const) {
  test(`the example stack ${stack} previews, and is safe by every rule`, async () => {
    const { graph } = await previewOf(stack);
    assert.deepEqual([namesOf(graph, "Instance"), namesOf(graph, "Group")], [machines, groups]);
    assert.deepEqual(checkAws(graph, { tags: ["team", "stage", "fleetwright:fleet", "fleetwright:stack"] }), []);
  });
}

test("no example stack has a name that another one has, in IAM, S3, Route 53 or its region", async () => {
  const stacks = [];
  for (const stack of ["dev", "named", "closed", "prod", "dr"]) {
    const { region, graph } = await previewOf(stack);
    stacks.push({ stack, region, resources: graph });
  }
  assert.deepEqual(clashes(stacks), []);
});

test("on dr's day machines start, and nothing else of it changes; what holds data is protected all the time", async () => {
  const waiting = await previewOf("dr");
  const awake = await previewOf("dr", (text) => text.replace("standby: true", "standby: false"));
  const { minSize: _none, maxSize: _most, desiredCapacity: _wanted, minElbCapacity: _served, ...group } = groupOf(waiting);
  const { minSize, maxSize, desiredCapacity, minElbCapacity, ...same } = groupOf(awake);
  assert.deepEqual([minSize, maxSize, desiredCapacity, minElbCapacity], [3, 12, 3, 3]);
  assert.deepEqual(same, group);
  const others = ({ graph }: Example) => JSON.stringify(graph.filter(({ type }) => !type.endsWith(":Group")));
  assert.equal(others(awake), others(waiting));
  const kept = waiting.graph.filter(({ protect }) => protect).map(({ name }) => name);
  assert.deepEqual(kept, ["shop-key", "shop-artifacts"]);
});

const groupOf = ({ graph }: Example) => graph.find(({ type }) => type.endsWith(":Group"))?.inputs ?? {};
