/** What every AWS resource of a fleet has in common: parent, names and tags. */
import * as pulumi from "@pulumi/pulumi";

export interface Scope {
  /** The component that the resources belong to. */
  parent: pulumi.Resource;
  /** Name of the fleet. */
  fleet: string;
  /** Tags beside ours. */
  tags: Readonly<Record<string, string>>;
  /** Nothing is made before this is known. @default nothing is waited for */
  gate?: pulumi.Output<unknown> | undefined;
}

/** A child of the fleet, that is made after the gate and what it depends on. */
export function childOf({ parent, gate }: Scope, dependsOn: pulumi.Resource[] = []): pulumi.CustomResourceOptions {
  return { parent, dependsOn: gate === undefined ? dependsOn : gate.apply(() => dependsOn) };
}

/** Tags of a resource, by which people, bills and policies find it. */
export function tagsOf({ fleet, tags }: Scope, name: string): Record<string, string> {
  return { ...tags, Name: name, "fleetwright:fleet": fleet, "fleetwright:stack": stackTag() };
}

/** What stack a resource is of. */
export const stackTag = (): string => `${pulumi.getProject()}/${pulumi.getStack()}`;
