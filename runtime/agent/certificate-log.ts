/** What Caddy wrote down of its orders: whether the last one of each name failed, and what the issuer said. Pure. */
import * as z from "../zod.ts";

const lineSchema = z.object({
  ts: z.number(),
  level: z.string(),
  msg: z.string(),
  identifier: z.optional(z.string()),
  error: z.optional(z.string()),
});

export interface OrderFailure {
  /** ISO 8601. */
  at: string;
  /** The issuer's words, as far as there are some. */
  error: string;
}

/** By name; a success takes away what failed before it. */
export function orderFailures(log: string): Map<string, OrderFailure> {
  const failures = new Map<string, OrderFailure>();
  for (const line of log.split("\n")) {
    const entry = parse(line);
    if (entry === undefined) continue;
    const name = entry.identifier ?? /^\[([^\]]+)\]/.exec(entry.error ?? "")?.[1];
    if (name === undefined) continue;
    if (entry.level === "error" && entry.error !== undefined) {
      failures.set(name, { at: new Date(entry.ts * 1000).toISOString(), error: plain(entry.error) });
    } else if (/obtained successfully|renewed successfully/.test(entry.msg)) failures.delete(name);
  }
  return failures;
}

function parse(line: string): z.infer<typeof lineSchema> | undefined {
  try {
    return lineSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

const LONGEST = 300;

/** One line, without Caddy's own repetitions: `[name] Obtain: [name] …  (ca=…)`. */
function plain(error: string): string {
  const text = error
    .replace(/\s+/g, " ")
    .replace(/^(\[[^\]]*\] )?((Obtain|Renew): )?(\[[^\]]*\] )?/, "")
    .replace(/ \(ca=[^)]*\)$/, "");
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
}
