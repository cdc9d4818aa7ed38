/** What all parts of one rollout share. */
import { randomUUID } from "node:crypto";
import { exitCodes, FleetError } from "../errors.ts";
import { operator } from "../operator.ts";
import type { Tell } from "./events.ts";
import { Keeper } from "./keeper.ts";
import type { Observation, Reachable } from "./observation.ts";
import type { Plan } from "./plan.ts";
import type { Say } from "./progress.ts";
import { sshConnection } from "./transports/ssh.ts";

export interface Lead {
  plan: Plan;
  /** Names this run on the machines; another one each time. */
  rollout: string;
  /** `user@host` of the operator. */
  who: string;
  takeOver: boolean;
  /** Steps that may be run again although nobody knows how far they came. */
  repeatOnce: readonly string[];
  /** What is rolled out is what a recovery store had. */
  recovers: boolean;
  say: Say;
  tell: Tell;
  /** The operator asks to stop. */
  signal: AbortSignal;
  /** Another way to a machine than the one that is open already. */
  connect: typeof sshConnection;
  /** What machines said a moment ago, by name: those aren't asked again before they are held. */
  told: ReadonlyMap<string, Reachable>;
  /** Gets what every machine says at the end. */
  keep: (sights: Iterable<readonly [machine: string, sight: Observation]>) => void;
  keeper: Keeper;
  /** Nobody waits for this work but the rollout's end. It never fails. */
  aside: (work: Promise<void>) => void;
  asides: () => Promise<unknown>;
  /** @throws FleetError when the operator asks to stop, or a machine is lost */
  stopIfAsked(): void;
}

export interface LeadOptions {
  /** Takes the machines from another rollout that holds them. @default false */
  takeOver?: boolean;
  /** Steps to run again although nobody knows how far they came. @default [] */
  repeatOnce?: readonly string[];
  /** The release has served before, and is brought back: machines that serve nothing get it all at once. @default false */
  recovers?: boolean;
  /** Gets every event. */
  tell?: Tell;
  /** Another way to the machines, for tests. */
  connect?: typeof sshConnection;
  /** What machines said a moment ago, by name. @default nothing */
  told?: ReadonlyMap<string, Reachable>;
  /** Gets what every machine says at the end. */
  keep?: Lead["keep"];
}

/** A rollout of its own name, by whoever sits here; its steps are said and told. */
export function leadOf(plan: Plan, say: Say, signal: AbortSignal, options: LeadOptions): Lead {
  const { takeOver = false, repeatOnce = [], recovers = false, tell = () => undefined, connect = sshConnection } = options;
  const { told = new Map(), keep = () => undefined } = options;
  const rollout = randomUUID();
  const keeper = new Keeper(rollout, plan.options.leaseMs);
  const both: Say = (machine, step, text) => {
    tell({ event: "step", machine, step, text });
    say(machine, step, text);
  };
  const asides: Promise<void>[] = [];
  const stopIfAsked = (): void => {
    if (signal.aborted) throw interruptedError();
    if (keeper.signal.aborted) throw keeper.signal.reason;
  };
  return {
    ...{ plan, rollout, who: operator(), takeOver, repeatOnce, recovers, say: both, tell, signal, connect, told, keep, keeper },
    aside: (work) => void asides.push(work),
    asides: () => Promise.all(asides),
    stopIfAsked,
  };
}

export function interruptedError(): FleetError {
  return new FleetError("the rollout was interrupted.", {
    kept: "every machine that had been switched was put back.",
    next: "run the same command again when you are ready.",
    exitCode: exitCodes.interrupted,
  });
}
