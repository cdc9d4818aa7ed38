/** Upgrades by themselves, and the restarts that they need: `hardening.upgrades` and `hardening.reboots`. Pure. */
import { z } from "zod";
import { type Reboots, weekdays } from "../../runtime/hardening.ts";
import type { Finding } from "./finding.ts";

/** Not stricter by itself: a machine without the package would otherwise be refused for what nobody asked for. */
export const upgradesConfig = z.union([z.boolean(), z.literal("auto")]);

const time = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time of day in UTC, such as "03:00"');

export const rebootsConfig = z.union([
  z.literal(false),
  z.strictObject({
    days: z
      .array(z.enum(weekdays))
      .min(1)
      .default(() => [...weekdays]),
    from: time.default("03:00"),
    to: time.default("05:00"),
  }),
]);
export type RebootsConfig = z.output<typeof rebootsConfig>;

const DAY_MINUTES = 24 * 60;
/** A machine starts its restart in the first half of its part, and is back by the end of the other: minutes, for a slow one. */
const SHORTEST_SLOT_MINUTES = 6;

const minuteOf = (text: string): number => Number(text.slice(0, 2)) * 60 + Number(text.slice(3));

/** Over midnight where `to` is before `from`. */
function lengthOf({ from, to }: { from: string; to: string }): number {
  return (minuteOf(to) - minuteOf(from) + DAY_MINUTES) % DAY_MINUTES || DAY_MINUTES;
}

/** A machine's part of the window. */
export function rebootsOf({ days, from, to }: Exclude<RebootsConfig, false>, slot: Reboots["slot"]): Reboots {
  return { days, fromMinute: minuteOf(from), minutes: lengthOf({ from, to }), slot };
}

/** @param machines how many share the window; undefined where that isn't fixed */
export function rebootFindings(reboots: RebootsConfig, machines: number | undefined): Finding[] {
  if (reboots === false || machines === undefined) return [];
  const minutes = lengthOf(reboots);
  const needed = machines * SHORTEST_SLOT_MINUTES;
  if (minutes >= needed) return [];
  const message =
    `from ${reboots.from} to ${reboots.to} are ${minutes} minutes, and ${machines} machines one after another need ${needed} ` +
    `(${SHORTEST_SLOT_MINUTES} each): make the window longer`;
  return [{ path: ["hardening", "reboots", "to"], message }];
}
