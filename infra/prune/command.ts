/** Pruning as a part of `pulumi up`: after each release that the group is on. */
import * as pulumi from "@pulumi/pulumi";
import type { GroupResources } from "../aws/group-resources.ts";
import { groupCommand } from "../groups/command.ts";
import type { PruneInput } from "./input.ts";

export interface PruneArgs {
  fleet: string;
  resources: GroupResources;
  keepReleases: number;
  /** Known once the group is as wanted; when it is another, old releases are looked for. */
  after: pulumi.Output<unknown>;
}

export function pruneCommand(parent: pulumi.Resource, { fleet, resources, keepReleases, after }: PruneArgs): void {
  const profile = new pulumi.Config("aws").get("profile");
  const { name, region, mixedInstances, artifacts } = resources;
  const input = pulumi.all([name, mixedInstances, artifacts, after]).apply(
    ([group, mixed, { bucket }]): PruneInput => ({
      schema: 1,
      fleet,
      region,
      ...(profile === undefined ? {} : { profile }),
      group,
      bucket: bucket.slice(bucket.lastIndexOf(":") + 1),
      template: mixed.launchTemplate.launchTemplateSpecification.launchTemplateId,
      keepReleases,
    }),
  );
  groupCommand(parent, fleet, { name: "prune", plan: input, triggers: [after.apply((value) => JSON.stringify(value))] });
}
