/** The part of a manifest that says what a machine tells CloudWatch. Shared by both sides. */
import * as z from "./zod.ts";

/** Of all metrics that machines tell; their roles may tell nothing elsewhere. */
export const METRICS_NAMESPACE = "Fleetwright";
/** Of the fullest disk, in bytes or in files. */
export const DISK_METRIC = "DiskUsedPercent";
/** Of the certificate that ends first; 0 where a name has none. */
export const CERTIFICATE_METRIC = "CertificateDaysLeft";

const url = z.string().check(z.regex(/^https?:\/\/[^\s"']+$/, "a URL"));

const metricsSchema = z.strictObject({
  /** CloudWatch's. */
  url,
  /** By name: alarms ask for exactly these. */
  dimensions: z.record(z.string().check(z.minLength(1)), z.string().check(z.minLength(1))),
  /** Whether it tells of the certificates that it serves. */
  certificates: z.boolean(),
});

const logsSchema = z.strictObject({
  /** CloudWatch Logs'. */
  url,
  /** Name of the log group; the machine makes its streams in it. */
  group: z.string().check(z.regex(/^[\w./#-]{1,512}$/, "the name of a log group")),
});

/** Each key is there only where it is on: a machine whose manifest lacks it has nothing of it. No part of a generation. */
export const cloudwatchSchema = z.strictObject({
  region: z.string().check(z.regex(/^[a-z0-9-]+$/, "a region")),
  /** The instance metadata service's, where the machine has its credentials from. */
  metadataUrl: url,
  metrics: z.optional(metricsSchema),
  logs: z.optional(logsSchema),
});
export type Cloudwatch = z.infer<typeof cloudwatchSchema>;
