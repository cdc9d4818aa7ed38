/** What a machine tells CloudWatch of itself: the file beside its unit, written by the agent. */
import { cloudwatchSchema } from "../cloudwatch.ts";
import { canonicalJson, type Manifest } from "../manifest.ts";
import * as z from "../zod.ts";

const { region, metadataUrl } = cloudwatchSchema.shape;

export const metricsJobSchema = z.object({
  region,
  metadataUrl,
  url: z.string(),
  dimensions: z.record(z.string(), z.string()),
  /** Names that are asked for at the port; undefined where nothing is told of certificates. */
  certificates: z.optional(z.object({ names: z.array(z.string()), port: z.int() })),
});
export type MetricsJob = z.infer<typeof metricsJobSchema>;

/** Undefined where the manifest doesn't ask for it. Pure. */
export function metricsJob({ cloudwatch, https }: Manifest): string | undefined {
  if (cloudwatch?.metrics === undefined) return undefined;
  const { url, dimensions, certificates } = cloudwatch.metrics;
  const asked = certificates && https.mode !== "none" ? { names: https.names, port: https.httpsPort } : undefined;
  const job: MetricsJob = {
    region: cloudwatch.region,
    metadataUrl: cloudwatch.metadataUrl,
    url,
    dimensions,
    ...(asked === undefined ? {} : { certificates: asked }),
  };
  return `${canonicalJson(job)}\n`;
}
