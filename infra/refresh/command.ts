/** The refresh as a part of `pulumi up`: one command, which runs again whenever the group is to be made of something else. */
import * as pulumi from "@pulumi/pulumi";
import type { GroupResources } from "../aws/group-resources.ts";
import type { AutoscalingConfig } from "../config/aws/autoscaling.ts";
import { groupCommand } from "../groups/command.ts";
import { type RefreshPlan, type RefreshResult, refreshResultSchema } from "./plan.ts";

export function refreshCommand(
  parent: pulumi.Resource,
  fleet: string,
  { name, region, mixedInstances, dependsOn }: GroupResources,
  { refresh, warmUpMs }: Pick<AutoscalingConfig, "refresh" | "warmUpMs">,
): pulumi.Output<RefreshResult> {
  // Where the provider finds its credentials, this finds them, too.
  const profile = new pulumi.Config("aws").get("profile");
  const plan = pulumi.all([name, mixedInstances]).apply(([group, desired]): RefreshPlan => ({
    schema: 1,
    fleet,
    group,
    region,
    ...(profile === undefined ? {} : { profile }),
    desired,
    preferences: { ...refresh, warmUpMs },
  }));
  const result = groupCommand(parent, fleet, { name: "refresh", plan, dependsOn });
  return result.apply((stdout) => refreshResultSchema.parse(JSON.parse(stdout)));
}
