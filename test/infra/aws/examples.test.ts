/** The example stacks, as they are, in a preview under mocks. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import { checkAws } from "../../../infra/aws/rules/check.ts";
import type { GraphResource } from "../../../infra/aws/rules/graph.ts";
import { deploy } from "../../../infra/program.ts";
import { graphOf, mockAws } from "./mock-aws.ts";

const folder = fileURLToPath(new URL("../../../examples/aws/", import.meta.url));

async function previewOf(stack: string): Promise<GraphResource[]> {
  const { config } = parse(readFileSync(`${folder}Pulumi.${stack}.yaml`, "utf8")) as { config: Record<string, unknown> };
  const text = Object.entries(config).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]);
  await mockAws({ preview: true });
  pulumi.runtime.setAllConfig(Object.fromEntries(text));
  return graphOf(() => void deploy(folder));
}

const machinesIn = (graph: readonly GraphResource[]) => graph.filter(({ type }) => type === "aws:ec2/instance:Instance").map(({ name }) => name);

for (const [stack, machines] of [
  ["dev", ["shop-dev-dev-1"]],
  ["prod", ["shop-web-1", "shop-web-2", "shop-web-3"]],
] as const) {
  test(`the example stack ${stack} previews, and is safe by every rule`, async () => {
    const graph = await previewOf(stack);
    assert.deepEqual(machinesIn(graph), machines);
    assert.deepEqual(checkAws(graph, { tags: ["team", "stage", "fleetwright:fleet", "fleetwright:stack"] }), []);
  });
}

test("nothing of one example stack has the name of something of the other", async () => {
  const names = async (stack: string) => (await previewOf(stack)).filter(({ type }) => type.startsWith("aws:")).map(({ id }) => id);
  const [dev, prod] = [await names("dev"), await names("prod")];
  assert.deepEqual(dev.filter((id) => prod.includes(id)), []);
});
