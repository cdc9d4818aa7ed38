/** `fleethost tell-metrics`: one word to CloudWatch, for a timer. */
import { readFile, statfs } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { servedFor } from "../agent/certificates.ts";
import { pauseMs } from "../aws/backoff.ts";
import { AwsRefusal, call, wordsOf } from "../aws/call.ts";
import { InstanceCredentials } from "../aws/credentials.ts";
import { CERTIFICATE_METRIC, DISK_METRIC, METRICS_NAMESPACE } from "../cloudwatch.ts";
import { type MetricsJob, metricsJobSchema } from "./job.ts";
import { fewestDaysLeft, fullestPercent } from "./measures.ts";

/** Where what grows is: logs and state, releases. */
const DISKS = ["/", "/var", "/srv"];

/** The timer comes again: what may pass is waited for only shortly. */
const TRIES = 4;
const PAUSES = { firstMs: 1_000, longestMs: 10_000 };

export interface Metric {
  name: string;
  unit: "Percent" | "None";
  value: number;
}

/** @param path of the job @throws Error in words for the journal */
export async function tellMetrics(path: string): Promise<void> {
  const job = metricsJobSchema.parse(JSON.parse(await readFile(path, "utf8")));
  const body = metricsRequest(await measure(job), job.dimensions);
  const credentials = new InstanceCredentials(job.metadataUrl);
  const service = { name: "monitoring", url: job.url, region: job.region, credentials };
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  for (let tries = 0; ; tries += 1) {
    try {
      await call(service, headers, body);
      return;
    } catch (error) {
      const passing = !(error instanceof AwsRefusal) || error.status >= 500 || error.code.startsWith("Throttl");
      if (!passing || tries + 1 >= TRIES) throw new Error(`CloudWatch isn't told how this machine is: ${wordsOf(error)}`);
      await sleep(pauseMs(tries, PAUSES, Math.random()));
    }
  }
}

async function measure({ certificates }: MetricsJob): Promise<Metric[]> {
  const disks = await Promise.all(DISKS.map((path) => statfs(path)));
  const told: Metric[] = [{ name: DISK_METRIC, unit: "Percent", value: fullestPercent(disks) }];
  if (certificates === undefined) return told;
  const served = await servedFor(certificates.names, certificates.port);
  // CloudWatch has no unit of days.
  return [...told, { name: CERTIFICATE_METRIC, unit: "None", value: fewestDaysLeft([...served.values()], new Date()) }];
}

/** In the query protocol (CloudWatch API, "PutMetricData"). Pure. */
export function metricsRequest(metrics: readonly Metric[], dimensions: MetricsJob["dimensions"]): string {
  const fields = metrics.flatMap(({ name, unit, value }, index) => {
    const member = `MetricData.member.${index + 1}`;
    return [
      [`${member}.MetricName`, name],
      [`${member}.Unit`, unit],
      [`${member}.Value`, String(Math.round(value * 100) / 100)],
      ...Object.entries(dimensions).flatMap(([key, of], at) => [
        [`${member}.Dimensions.member.${at + 1}.Name`, key],
        [`${member}.Dimensions.member.${at + 1}.Value`, of],
      ]),
    ];
  });
  const all = [["Action", "PutMetricData"], ["Version", "2010-08-01"], ["Namespace", METRICS_NAMESPACE], ...fields];
  return new URLSearchParams(all as [string, string][]).toString();
}
