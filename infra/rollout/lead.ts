/** What all parts of one rollout share. */
import { exitCodes, FleetError } from "../errors.ts";
import type { Tell } from "./events.ts";
import type { Keeper } from "./keeper.ts";
import type { Plan } from "./plan.ts";
import type { Say } from "./progress.ts";

export interface Lead {
  plan: Plan;
  /** Names this run on the machines; another one each time. */
  rollout: string;
  /** `user@host` of the operator. */
  who: string;
  takeOver: boolean;
  /** Steps that may be run again although nobody knows how far they came. */
  repeatOnce: readonly string[];
  say: Say;
  tell: Tell;
  /** The operator asks to stop. */
  signal: AbortSignal;
  keeper: Keeper;
  /** @throws FleetError when the operator asks to stop, or a machine is lost */
  stopIfAsked(): void;
}

export function stopper(signal: AbortSignal, keeper: Keeper): () => void {
  return () => {
    if (signal.aborted) throw interruptedError();
    if (keeper.signal.aborted) throw keeper.signal.reason;
  };
}

export function interruptedError(): FleetError {
  return new FleetError("the rollout was interrupted.", {
    kept: "every machine that had been switched was put back.",
    next: "run the same command again when you are ready.",
    exitCode: exitCodes.interrupted,
  });
}
