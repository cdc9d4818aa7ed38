/** Which slot a rolling reload does next. Pure: derived from the roster each time, so no event can leave it out of step. */
import type { Slot, Worker } from "./roster.ts";

export type RollStep =
  /** Start a successor for this slot. */
  | { readonly kind: "succeed"; readonly slot: Slot }
  /** A successor boots, or the worker that it replaced has not ended yet: one more process than wanted, never two. */
  | { readonly kind: "wait" }
  | { readonly kind: "done" };

/**
 * New first, one slot at a time; the first successor is the canary. A vacant slot needs no turn: whatever starts in
 * it is new.
 *
 * @param epoch of the reload under way
 */
export function nextRollStep(slots: readonly Slot[], workers: readonly Worker[], epoch: number): RollStep {
  const isOld = (worker: Worker): boolean => worker.epoch < epoch;
  const busy =
    slots.some((slot) => slot.successor !== null) ||
    workers.some((worker) => isOld(worker) && (worker.state === "draining" || worker.state === "killed"));
  if (busy) return { kind: "wait" };
  const slot = slots.find(({ current }) => current !== null && isOld(current));
  return slot === undefined ? { kind: "done" } : { kind: "succeed", slot };
}
