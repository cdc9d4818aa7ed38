/** Pruning as a part of `pulumi up`: after each release that the machines are on. */
import * as pulumi from "@pulumi/pulumi";
import { groupCommand } from "../groups/command.ts";
import type { PruneInput } from "./input.ts";

export interface PruneArgs {
  fleet: string;
  place: {
    region: string;
    bucket: pulumi.Input<string>;
    /** Of an Auto Scaling group. */
    of?: { group: pulumi.Input<string>; template: pulumi.Input<string> };
  };
  keepReleases: number;
  /** Known once all is as wanted; when it is another, old releases are looked for. */
  after: pulumi.Output<unknown>;
}

export function pruneCommand(parent: pulumi.Resource, { fleet, place, keepReleases, after }: PruneArgs): void {
  const profile = new pulumi.Config("aws").get("profile");
  const { region } = place;
  const input = pulumi.all([place.bucket, pulumi.output(place.of), after]).apply(([bucket, of]): PruneInput => ({
    schema: 1,
    fleet,
    region,
    ...(profile === undefined ? {} : { profile }),
    ...of,
    bucket,
    keepReleases,
  }));
  groupCommand(parent, fleet, { name: "prune", plan: input, triggers: [after.apply((value) => JSON.stringify(value))] });
}
