/** Whether a machine restarts itself now. Pure: what was seen in, a verdict with its reason out. */
import type { Slot } from "./window.ts";
import type { RebootRecord } from "./record.ts";

export interface Seen {
  nowMs: number;
  /** This machine's, if it is on. */
  slot: Slot | undefined;
  /** Why a restart is due; `lasting`: the reason is still there after one that didn't help. */
  due: { why: string; lasting: boolean } | undefined;
  /** The last restart of this kind. */
  last: RebootRecord | undefined;
  /** A switch that isn't confirmed. */
  onTrial: boolean;
  /** Who holds the machine for a rollout. */
  heldBy: string | undefined;
  health: { state: "healthy" | "degraded" | "down"; detail: string };
}

/** `wait`: asked again within the slot. */
export type Verdict = { kind: "reboot" | "wait" | "no"; why: string };

/** The first that speaks against it is told. */
export function decideReboot({ nowMs, slot, due, last, onTrial, heldBy, health }: Seen): Verdict {
  if (due === undefined) return no("no restart is due");
  if (slot === undefined) return no(`a restart is due (${due.why}), but it isn't this machine's time`);
  if (nowMs > slot.latestMs) return no(`a restart is due (${due.why}), but its time is half over: it waits for the next one`);
  if (due.lasting && last?.why === due.why) return no(`${due.why}, although it was restarted for that at ${last.at}: somebody has to look`);
  if (onTrial) return wait("a switch awaits its confirm");
  if (heldBy !== undefined) return wait(`a rollout of ${heldBy} holds this machine`);
  if (health.state !== "healthy") return wait(`it is ${health.state} (${health.detail}): a restart would hide why`);
  return { kind: "reboot", why: due.why };
}

const no = (why: string): Verdict => ({ kind: "no", why });
const wait = (why: string): Verdict => ({ kind: "wait", why });
