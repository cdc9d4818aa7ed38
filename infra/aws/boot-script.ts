/** The user data of a group's machines: fetches what the manifest names, by the machine's own role, and hands over to `fleethost`. Pure. */
import { readFileSync } from "node:fs";

export interface BootArgs {
  bucket: string;
  region: string;
  /** sha256 of the group's manifest: the only thing that differs from release to release. */
  manifest: string;
  /** Where things are, if not at AWS. For tests. */
  endpoints?: Endpoints;
}

export interface Endpoints {
  metadata: string;
  /** The bucket's URL. */
  archives: string;
  secrets: string;
}

export function bootScript({ bucket, region, manifest, endpoints = awsEndpoints(bucket, region) }: BootArgs): string {
  const { metadata, archives, secrets } = endpoints;
  return [
    "#!/bin/sh",
    "# Fleetwright: what this machine is to run. From release to release only the next line differs.",
    `manifest=${manifest}`,
    `region=${region} archives=${archives} secrets=${secrets} metadata=${metadata}`,
    SCRIPT,
  ].join("\n");
}

/** The metadata service has this address on every instance (EC2 guide, "Access instance metadata"). */
const METADATA = "http://169.254.169.254";

function awsEndpoints(bucket: string, region: string): Endpoints {
  const domain = region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
  return {
    metadata: METADATA,
    archives: `https://${bucket}.s3.${region}.${domain}`,
    secrets: `https://secretsmanager.${region}.${domain}`,
  };
}

const SCRIPT = "";
void readFileSync;
