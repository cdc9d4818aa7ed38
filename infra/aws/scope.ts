/** What every AWS resource of a fleet has in common: parent, names and tags. */
import * as pulumi from "@pulumi/pulumi";

export interface Scope {
  /** The component that the resources belong to. */
  parent: pulumi.Resource;
  /** Name of the fleet. */
  fleet: string;
  /** Tags beside ours. */
  tags: Readonly<Record<string, string>>;
}

/** Tags of a resource, by which people, bills and policies find it. */
export function tagsOf({ fleet, tags }: Scope, name: string): Record<string, string> {
  return { ...tags, Name: name, "fleetwright:fleet": fleet, "fleetwright:stack": `${pulumi.getProject()}/${pulumi.getStack()}` };
}
