/** What a fleet tells of itself, wherever its machines come from. */
import type * as pulumi from "@pulumi/pulumi";
import type { Inventory } from "./inventory.ts";

/** What machines fetch from; ARNs, for a stack in another region. */
export interface ArtifactsPlace {
  bucket: string;
  /** Of the account's own; without it, S3's key. */
  kmsKey?: string | undefined;
}

export interface FleetOutputs {
  urls: pulumi.Output<string[]>;
  release: pulumi.Output<string>;
  workers: pulumi.Output<Record<string, { cores: number; workers: number }>>;
  caBundle: pulumi.Output<string>;
  skipped: pulumi.Output<string[]>;
  inventory: pulumi.Output<Inventory>;
  /** Of machines that fetch what they run. */
  artifacts: pulumi.Output<ArtifactsPlace> | undefined;
}
