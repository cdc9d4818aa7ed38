/** Which lines a machine ships to CloudWatch Logs, and where to: the file beside its unit, written by the agent. */
import { cloudwatchSchema } from "../cloudwatch.ts";
import { canonicalJson, type Manifest } from "../manifest.ts";
import * as z from "../zod.ts";

const { region, metadataUrl } = cloudwatchSchema.shape;

export const logsJobSchema = z.object({
  region,
  metadataUrl,
  url: z.string(),
  group: z.string(),
  /** Its streams begin with this. */
  machine: z.string(),
  app: z.string(),
  /** The bundle that it was started from: a new one is another job, and so restarts it. */
  runtime: z.string(),
});
export type LogsJob = z.infer<typeof logsJobSchema>;

/** Undefined where the manifest doesn't ask for it. Pure. */
export function logsJob({ cloudwatch, machine, app, runtime }: Manifest): string | undefined {
  if (cloudwatch?.logs === undefined) return undefined;
  const { url, group } = cloudwatch.logs;
  const job: LogsJob = { region: cloudwatch.region, metadataUrl: cloudwatch.metadataUrl, url, group, machine, app: app.name, runtime };
  return `${canonicalJson(job)}\n`;
}
