/** What a fleet's machines are asked to tell: by the names that its alarms ask for. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseFleet } from "../../infra/config/parse.ts";
import { ec2Machines, groupMachines } from "./aws/samples.ts";
import { mockAws } from "./aws/mock-aws.ts";

await mockAws();
const { cloudwatchOf } = await import("../../infra/cloudwatch.ts");

const app = { dir: "." };
const topic = "arn:aws:sns:eu-central-1:111122223333:alarms";
const STACK = { Fleet: "web", Stack: "shop/prod" };

test("a named machine tells of its disk and of its certificates under its own name; without alarms, nothing", () => {
  const of = (more: object) => parseFleet("web", { app, machines: { ...ec2Machines(), ...more } });
  const told = cloudwatchOf(of({ alarms: { topic } }), "web", "web-1");
  const metrics = { url: "https://monitoring.eu-central-1.amazonaws.com", dimensions: { ...STACK, Machine: "web-1" }, certificates: false };
  assert.deepEqual(told, { region: "eu-central-1", metadataUrl: "http://169.254.169.254", metrics });
  assert.equal(cloudwatchOf(of({}), "web", "web-1"), undefined);
});

test("machines of a group tell of their disks as one; the balancer has the certificate", () => {
  const https = { domains: ["app.example.org"] };
  const config = parseFleet("web", { app, machines: { ...groupMachines(), alarms: { topic } }, https });
  const { dimensions, certificates } = cloudwatchOf(config, "web")?.metrics ?? {};
  assert.deepEqual([dimensions, certificates], [STACK, false]);
});

test("asked for logs alone, machines ship them to the group of their own stack, and tell nothing else", () => {
  const told = cloudwatchOf(parseFleet("web", { app, machines: { ...ec2Machines(), logs: {} } }), "web", "web-1");
  const logs = { url: "https://logs.eu-central-1.amazonaws.com", group: "/fleetwright/shop/prod/web" };
  assert.deepEqual(told, { region: "eu-central-1", metadataUrl: "http://169.254.169.254", logs });
});

test("machines that aren't on AWS tell nothing", () => {
  assert.equal(cloudwatchOf(parseFleet("web", { app, machines: { provider: "local" } }), "web", "web-1"), undefined);
});
