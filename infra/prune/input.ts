/** What `fleet prune` gets on standard input: whose old releases, and how many stay. */
import { z } from "zod";

export const pruneInputSchema = z.strictObject({
  schema: z.literal(1),
  fleet: z.string(),
  region: z.string().min(1),
  /** Of the AWS configuration. */
  profile: z.string().optional(),
  /** The group's name on AWS; machines with names have none. */
  group: z.string().min(1).optional(),
  bucket: z.string().min(3),
  /** Id of the group's launch template. */
  template: z.string().min(1).optional(),
  /** So many releases stay, beside those in use. */
  keepReleases: z.int().min(2),
});
export type PruneInput = z.output<typeof pruneInputSchema>;
