/** Which worker is replaced next. Pure: derived from the roster each time, so no event can leave it out of step. */
import type { Slot, Worker } from "./roster.ts";

export type RollStep =
  /** Start a worker for this slot: the successor of the one that it has, if it has one. */
  | { readonly kind: "succeed"; readonly slot: Slot }
  /** A successor boots, or the worker that it replaced has not ended yet: one more process than wanted, never two. */
  | { readonly kind: "wait" }
  | { readonly kind: "done" };

/** A reload under way. */
export interface Reload {
  readonly epoch: number;
  /** Its canary got ready: what starts from now on, for whatever reason, is of this epoch. */
  readonly proven: boolean;
}

/**
 * New first, one slot at a time. In a reload the first one is the canary; a slot that has no worker at the moment comes
 * first then, as nothing has to make room there, and is left to its own restarts later. Workers that are to be recycled
 * take their turn in the same way.
 */
export function nextRollStep(slots: readonly Slot[], workers: readonly Worker[], reload: Reload | null, nowMs: number): RollStep {
  const isOld = (worker: Worker): boolean => reload !== null && worker.epoch < reload.epoch;
  const isOutdated = (worker: Worker): boolean => isOld(worker) || worker.recycling !== null;
  const booting = workers.some(
    (worker) => worker.state === "booting" && (worker.slot.successor === worker || worker.epoch === reload?.epoch),
  );
  const leaving = workers.some((worker) => isOutdated(worker) && worker.state !== "booting" && worker.state !== "ready");
  if (booting || leaving) return { kind: "wait" };
  const vacant =
    reload === null || reload.proven ? undefined : slots.find(({ current, successor }) => current === null && successor === null);
  const old = slots.find(({ current }) => current !== null && isOld(current));
  const spent = slots.find(({ current, restartAtMs }) => current !== null && current.recycling !== null && restartAtMs <= nowMs);
  const slot = vacant ?? old ?? spent;
  return slot === undefined ? { kind: "done" } : { kind: "succeed", slot };
}
