/** What a machine knows of its last restart by itself: written before it, and again once it is known how it came back. */
import type { Agent } from "../context.ts";
import { readIfThere, writeAtomic } from "../files.ts";
import * as z from "../../zod.ts";

const recordSchema = z.object({
  schema: z.literal(1),
  /**
   * `begun`: in that boot; in another one: nobody has looked yet. `failed`: it didn't come to a restart. `healthy`, `unhealthy`: how
   * the app was afterwards.
   */
  state: z.enum(["begun", "failed", "healthy", "unhealthy"]),
  /** By the machine's clock. */
  at: z.string(),
  why: z.string(),
  /** The boot that it ended. */
  bootId: z.string(),
  detail: z.string(),
});
export type RebootRecord = z.infer<typeof recordSchema>;

type Place = Pick<Agent, "paths">;

export async function readReboot({ paths }: Place): Promise<RebootRecord | undefined> {
  const text = await readIfThere(paths.rebootRecord);
  try {
    return text === undefined ? undefined : recordSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

export const writeReboot = ({ paths }: Place, record: RebootRecord): Promise<void> =>
  writeAtomic(paths.rebootRecord, `${JSON.stringify(record)}\n`, { mode: 0o644 });

/** What of it somebody should know. Pure. */
export function rebootNote(record: RebootRecord | undefined): string | undefined {
  if (record === undefined) return undefined;
  const { state, at, why, detail } = record;
  if (state === "unhealthy") return `it restarted itself at ${at} (${why}) and wasn't healthy afterwards: ${detail}`;
  return state === "failed" ? `it should have restarted itself at ${at} (${why}), which failed: ${detail}` : undefined;
}
