/** A release in place as a part of `pulumi up`: one command, which runs again whenever the release is another. */
import * as pulumi from "@pulumi/pulumi";
import { groupCommand } from "../groups/command.ts";
import { type InPlacePlan, type InPlaceResult, inPlaceResultSchema } from "./plan.ts";

export interface InPlaceStep {
  fleet: string;
  region: string;
  plan: pulumi.Inputs & { [Key in keyof Omit<InPlacePlan, "schema" | "fleet" | "region" | "profile">]: pulumi.Input<InPlacePlan[Key]> };
  dependsOn: pulumi.Resource[];
  /** Machines that are to be replaced are, before anything is sent to them. @default none are */
  after?: pulumi.Output<unknown>;
}

export function inPlaceCommand(parent: pulumi.Resource, step: InPlaceStep): pulumi.Output<InPlaceResult> {
  const { fleet, region, plan: given, dependsOn, after } = step;
  // Where the provider finds its credentials, this finds them, too.
  const profile = new pulumi.Config("aws").get("profile");
  const place = { schema: 1, fleet, region, ...(profile === undefined ? {} : { profile }) } as const;
  const plan = pulumi.all([pulumi.output(given), after]).apply(([known]) => ({ ...place, ...known }));
  const result = groupCommand(parent, fleet, { name: "in-place", plan, dependsOn });
  return result.apply((stdout) => inPlaceResultSchema.parse(JSON.parse(stdout)));
}
