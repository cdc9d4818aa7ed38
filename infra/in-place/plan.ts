/** What `fleet in-place` gets on standard input: which machines, and which release they are to be on. */
import { z } from "zod";

const instancesSchema = z.strictObject({
  stack: z.string().min(1),
  machines: z.array(z.strictObject({ name: z.string().min(1), id: z.string().min(1) })).min(1),
});

export const inPlacePlanSchema = z.strictObject({
  schema: z.literal(1),
  fleet: z.string(),
  /** The group's name on AWS; of machines with names, the fleet's. */
  group: z.string().min(1),
  /** Machines with names, and the value of their tag `fleetwright:stack`; without them, those that the group has. */
  instances: instancesSchema.optional(),
  region: z.string().min(1),
  /** Of the AWS configuration. */
  profile: z.string().optional(),
  /** The artifacts' bucket. */
  bucket: z.string().min(1),
  /** Name of the document that machines are sent. */
  document: z.string().min(1),
  /** sha256 of the release's manifest. */
  manifest: z.string().regex(/^[0-9a-f]{64}$/),
  /** Machines at the same time: a number, or a part such as "25%". */
  batch: z.string(),
  /** More failures than these undo the release. */
  maxErrors: z.int().min(0),
  /** From a machine's start until it serves, at most. */
  warmUpMs: z.int(),
});
export type InPlacePlan = z.output<typeof inPlacePlanSchema>;

/** Printed on standard output when the group is as wanted. */
export const inPlaceResultSchema = z.object({
  schema: z.literal(1),
  group: z.string(),
  manifest: z.string(),
  machines: z.int(),
  /** PEM of the authorities of machines with names; left out where none tells of one. */
  authorities: z.string().optional(),
});
export type InPlaceResult = z.output<typeof inPlaceResultSchema>;

/** How those machines are called together, to people. */
export const whole = ({ instances }: Pick<InPlacePlan, "instances">): string => (instances === undefined ? "group" : "fleet");

/** How a manifest is called, to people. */
export const short = (manifest: string): string => manifest.slice(0, 12);

/** As Systems Manager finds them; several keys are all of them needed (its guide, "Using targets and rate controls"). */
export function targetsOf({ fleet, group, instances }: InPlacePlan): { Key: string; Values: string[] }[] {
  // AWS gives each machine of a group this tag.
  if (instances === undefined) return [{ Key: "tag:aws:autoscaling:groupName", Values: [group] }];
  return [
    { Key: "tag:fleetwright:fleet", Values: [fleet] },
    { Key: "tag:fleetwright:stack", Values: [instances.stack] },
  ];
}

/**
 * What a machine is called: its name where it has one. Undefined for one that isn't the fleet's: it is about to be removed, or another is
 * about to take its place.
 */
export function nameOf({ instances }: InPlacePlan, id: string): string | undefined {
  return instances === undefined ? id : instances.machines.find((machine) => machine.id === id)?.name;
}

/** The instance's id of what is called so. */
export function idOf({ instances }: InPlacePlan, name: string): string {
  return instances?.machines.find((machine) => machine.name === name)?.id ?? name;
}
