/** Where AWS's services are. Pure. */

/** The metadata service has this address on every instance (EC2 guide, "Access instance metadata"). */
export const METADATA = "http://169.254.169.254";

/** @param service as its name begins: "logs", "monitoring", "bucket.s3" */
export function serviceUrl(service: string, region: string): string {
  const domain = region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
  return `https://${service}.${region}.${domain}`;
}
