/** What `fleet in-place` gets on standard input: which group, and which release it is to be on. */
import { z } from "zod";

export const inPlacePlanSchema = z.strictObject({
  schema: z.literal(1),
  fleet: z.string(),
  /** The group's name on AWS. */
  group: z.string().min(1),
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
export const inPlaceResultSchema = z.object({ schema: z.literal(1), group: z.string(), manifest: z.string(), machines: z.int() });
export type InPlaceResult = z.output<typeof inPlaceResultSchema>;

/** How a manifest is called, to people. */
export const short = (manifest: string): string => manifest.slice(0, 12);
