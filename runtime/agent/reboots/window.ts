/** When a machine may restart itself: its own slot of the fleet's window, by the clock, in UTC. Pure. */
import { type Reboots, weekdays } from "../../hardening.ts";

const MINUTE_MS = 60_000;
const DAY_MINUTES = 24 * 60;
const DAY_MS = DAY_MINUTES * MINUTE_MS;

/** Milliseconds since 1970. */
export interface Slot {
  startMs: number;
  /** Later than that no restart begins: the other half is for it to be back before the next machine's turn. */
  latestMs: number;
  endMs: number;
}

type Window = Pick<Reboots, "days" | "fromMinute" | "minutes" | "slot">;

const lengthMinutes = ({ minutes, slot }: Window): number => Math.floor(minutes / slot.count);

/** In minutes after the midnight that the window's day begins with; may be on the day after. */
const startMinute = (window: Window): number => window.fromMinute + lengthMinutes(window) * window.slot.index;

/** The slot that is on; undefined outside of it. */
export function currentSlot(window: Window, nowMs: number): Slot | undefined {
  const today = Math.floor(nowMs / DAY_MS) * DAY_MS;
  // A window that began yesterday may last until today.
  for (const midnight of [today, today - DAY_MS]) {
    if (!window.days.includes(weekdays[new Date(midnight).getUTCDay()] ?? "sun")) continue;
    const startMs = midnight + startMinute(window) * MINUTE_MS;
    const lengthMs = lengthMinutes(window) * MINUTE_MS;
    if (startMs <= nowMs && nowMs < startMs + lengthMs) return { startMs, latestMs: startMs + lengthMs / 2, endMs: startMs + lengthMs };
  }
  return undefined;
}

/** The slot's beginning, as `OnCalendar=` takes it: systemd.time(7). */
export function slotCalendar(window: Window): string {
  const start = startMinute(window);
  const later = start >= DAY_MINUTES ? 1 : 0;
  const days = window.days.map((day) => weekdays[(weekdays.indexOf(day) + later) % weekdays.length]);
  const [hour, minute] = [Math.floor(start / 60) % 24, start % 60].map((part) => String(part).padStart(2, "0"));
  return `${days.join(",")} ${hour}:${minute}:00 UTC`;
}
