/** What a machine measures of itself, and how CloudWatch is told. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { metricsJob } from "../../../runtime/metrics/job.ts";
import { fewestDaysLeft, fullestPercent } from "../../../runtime/metrics/measures.ts";
import { metricsRequest } from "../../../runtime/metrics/tell.ts";
import { sampleManifest } from "../agent/sample-manifest.ts";

const disk = (more: object) => ({ blocks: 1_000, bfree: 900, bavail: 900, files: 1_000, ffree: 990, ...more });

test("the fullest disk counts, in bytes or in files; what is kept for root is no room", () => {
  assert.equal(fullestPercent([disk({}), disk({ bfree: 300, bavail: 300 })]), 70);
  assert.equal(fullestPercent([disk({ ffree: 40 })]), 96);
  // 950 used, 50 for root only.
  assert.equal(fullestPercent([disk({ bfree: 50, bavail: 0 })]), 100);
  assert.equal(fullestPercent([disk({ files: 0, ffree: 0 })]), 10);
});

test("of certificates the one that ends first counts; a name without one, or with one that has ended, has no days left", () => {
  const now = new Date("2026-11-29T12:00:00Z");
  const until = (day: string) => ({ validToDate: new Date(`${day}T00:00:00Z`) });
  assert.equal(fewestDaysLeft([until("2027-01-29"), until("2026-12-09")], now), 9.5);
  assert.equal(fewestDaysLeft([until("2027-01-29"), undefined], now), 0);
  assert.equal(fewestDaysLeft([until("2026-11-01")], now), 0);
});

test("each value is told with all of its dimensions, escaped", () => {
  const disk = { name: "DiskUsedPercent", unit: "Percent", value: 71 } as const;
  const certificate = { name: "CertificateDaysLeft", unit: "None", value: 9.123 } as const;
  const body = metricsRequest([disk, certificate], { Fleet: "web", Stack: "shop/prod & more" });
  const fields = new URLSearchParams(body);
  assert.deepEqual([fields.get("Action"), fields.get("Namespace")], ["PutMetricData", "Fleetwright"]);
  assert.equal(fields.get("MetricData.member.1.Value"), "71");
  assert.equal(fields.get("MetricData.member.2.Value"), "9.12");
  for (const member of [1, 2]) assert.equal(fields.get(`MetricData.member.${member}.Dimensions.member.2.Value`), "shop/prod & more");
});

test("a machine without HTTPS of its own tells of no certificate; one that isn't asked tells nothing", () => {
  const metrics = { url: "https://monitoring.eu-central-1.amazonaws.com", dimensions: { Fleet: "web" }, certificates: true };
  const cloudwatch = { region: "eu-central-1", metadataUrl: "http://169.254.169.254", metrics };
  const job = (mode: "acme" | "none") => JSON.parse(metricsJob({ ...sampleManifest({ https: { mode } }), cloudwatch }) ?? "");
  assert.deepEqual(job("acme").certificates, { names: ["192.0.2.7", "shop.example"], port: 443 });
  assert.equal(job("none").certificates, undefined);
  assert.equal(metricsJob(sampleManifest()), undefined);
});
