/** A release in place as a part of `pulumi up`: one command, which runs again whenever the release is another. */
import * as pulumi from "@pulumi/pulumi";
import type { GroupResources } from "../aws/group-resources.ts";
import type { AutoscalingConfig } from "../config/aws/autoscaling.ts";
import { groupCommand } from "../groups/command.ts";
import { DEFAULT_BATCH } from "../rollout/batches.ts";
import { type InPlacePlan, type InPlaceResult, inPlaceResultSchema } from "./plan.ts";

/** @param after machines that are to be replaced are, before anything is sent to them */
export function inPlaceCommand(
  parent: pulumi.Resource,
  fleet: string,
  { name, region, bucket, manifest, document, dependsOn }: GroupResources,
  config: Pick<AutoscalingConfig, "inPlace" | "warmUpMs">,
  after: pulumi.Output<unknown>,
): pulumi.Output<InPlaceResult> {
  // Where the provider finds its credentials, this finds them, too.
  const profile = new pulumi.Config("aws").get("profile");
  const plan = pulumi.all([name, bucket, document ?? "", manifest, after]).apply(
    ([group, artifacts, sent, hash]): InPlacePlan => ({
      schema: 1,
      fleet,
      group,
      region,
      ...(profile === undefined ? {} : { profile }),
      bucket: artifacts,
      document: sent,
      manifest: hash,
      ...paceOf(config),
      warmUpMs: config.warmUpMs,
    }),
  );
  const result = groupCommand(parent, fleet, { name: "in-place", plan, dependsOn });
  return result.apply((stdout) => inPlaceResultSchema.parse(JSON.parse(stdout)));
}

/** How many machines at a time, as Systems Manager takes it. */
export function paceOf({ inPlace }: Pick<AutoscalingConfig, "inPlace">): Pick<InPlacePlan, "batch" | "maxErrors"> {
  return { batch: String(inPlace?.batch ?? DEFAULT_BATCH), maxErrors: inPlace?.maxErrors ?? 0 };
}
