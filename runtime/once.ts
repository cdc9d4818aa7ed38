/** What machines tell of a release's steps. Shared by both sides. */
import * as z from "./zod.ts";

/** What a machine knows of an attempt at one of a release's steps. */
export const onceEntrySchema = z.object({
  /** Names this run of the step, on all machines. */
  attempt: z.string(),
  release: z.string(),
  step: z.string(),
  /**
   * `failed`: it ended by itself, with another exit code than 0. `died`: killed, by its timeout for one, or gone with its machine;
   * nobody knows how far it came. `running`: found so just now; never on file.
   */
  state: z.enum(["started", "running", "done", "failed", "died"]),
  /** The machine it ran on. */
  on: z.string(),
});
export type OnceEntry = z.infer<typeof onceEntrySchema>;
