/** What a drill leaves in the store: `fleet recovery status` reads it, whoever ran the drill. */
import { z } from "zod";

/** Beside these keys a drill may keep whatever else it measured. */
export const drillRecordSchema = z.looseObject({
  schema: z.literal(1),
  project: z.string(),
  stack: z.string(),
  /** When it began, on the wall clock. */
  startedAt: z.iso.datetime(),
  /** Whether everything it verifies was as it should be, within the RTO asked for. */
  ok: z.boolean(),
  /** From the start to verified HTTPS, on a monotonic clock; null when it didn't get there. */
  rtoMs: z.number().nullable(),
  machines: z.int(),
  /** The set it recovered from. */
  set: z.string(),
  /** Why it failed, in a line. */
  problem: z.string().optional(),
});
export type DrillRecord = z.infer<typeof drillRecordSchema>;
