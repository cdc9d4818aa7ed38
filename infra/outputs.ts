/** What a fleet tells of itself, wherever its machines come from. */
import type * as pulumi from "@pulumi/pulumi";
import type { Inventory } from "./inventory.ts";

export interface FleetOutputs {
  urls: pulumi.Output<string[]>;
  release: pulumi.Output<string>;
  workers: pulumi.Output<Record<string, { cores: number; workers: number }>>;
  caBundle: pulumi.Output<string>;
  skipped: pulumi.Output<string[]>;
  inventory: pulumi.Output<Inventory>;
}
