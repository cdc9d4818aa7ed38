/**
 * Keeps a rollout's hold on its machines, and the leases of those that were switched; notices a machine that is lost. So a rollout
 * never waits for longer than a lease for a machine that has fallen silent.
 */
import { FleetError } from "../errors.ts";
import { agent, LostConnection, Refused, type Session } from "./agent.ts";

/** A lease is renewed this many times before it would run out. */
const RENEWALS_PER_LEASE = 3;

interface Held {
  heardMs: number;
  /** Its switch is done: a renewal that doesn't find it means that the machine went back. */
  switched: boolean;
  renewing: boolean;
  lost: PromiseWithResolvers<never>;
}

export interface Keeper {
  /** From now on this machine is told that the rollout lives. */
  hold(session: Session): void;
  /** From now on a renewal must find its switch. */
  switched(session: Session): void;
  /** Waits for something on a machine, but not for longer than the machine is there. */
  during<T>(session: Session, action: Promise<T>): Promise<T>;
  isLost(session: Session): boolean;
  /** Aborted, with the reason, when a machine is lost. */
  readonly signal: AbortSignal;
  /** Renews no more. */
  stop(): void;
}

/** Starts renewing. A renewal that fails is not repeated at once: the next one comes in time, or the machine is lost. */
export function keepRollout(rollout: string, leaseMs: number): Keeper {
  const held = new Map<Session, Held>();
  const lost = new Set<Session>();
  const any = new AbortController();
  const lose = (session: Session, error: FleetError): void => {
    if (stopped || lost.has(session)) return;
    lost.add(session);
    held.get(session)?.lost.reject(error);
    any.abort(error);
  };
  const tick = (session: Session, state: Held): void => {
    if (lost.has(session)) return;
    const silentMs = performance.now() - state.heardMs;
    if (silentMs > leaseMs) lose(session, silent(session, silentMs));
    else if (!state.renewing) void renew(session, state);
  };
  const renew = async (session: Session, state: Held): Promise<void> => {
    const { switched } = state;
    state.renewing = true;
    try {
      const { pending } = await sayAlive(session, rollout, leaseMs);
      state.heardMs = performance.now();
      if (switched && pending !== session.machine.applyId) lose(session, wentBack(session));
    } catch (error) {
      // Anything else may be a moment's trouble; its own silence decides.
      if (error instanceof Refused) lose(session, error);
    } finally {
      state.renewing = false;
    }
  };
  let stopped = false;
  const timer = setInterval(() => {
    for (const [session, state] of held) tick(session, state);
  }, leaseMs / RENEWALS_PER_LEASE);
  return {
    hold: (session) => {
      const state: Held = { heardMs: performance.now(), switched: false, renewing: false, lost: Promise.withResolvers() };
      // Nobody may be waiting just now.
      state.lost.promise.catch(() => undefined);
      held.set(session, state);
    },
    switched: (session) => {
      const state = held.get(session);
      if (state !== undefined) state.switched = true;
    },
    during: (session, action) => {
      const state = held.get(session);
      return state === undefined ? action : Promise.race([action, state.lost.promise]);
    },
    isLost: (session) => lost.has(session),
    signal: any.signal,
    stop: () => {
      stopped = true;
      clearInterval(timer);
    },
  };
}

async function sayAlive(session: Session, rollout: string, leaseMs: number): Promise<Record<string, unknown>> {
  const args = ["renew", "--app", session.machine.manifest.app.name, "--rollout", rollout, "--lease-ms", String(leaseMs)];
  return agent(session, () => undefined, args, { timeoutMs: leaseMs });
}

function silent({ machine }: Session, silentMs: number): LostConnection {
  return new LostConnection(`it fell silent during the rollout: no answer for ${(silentMs / 1000).toFixed(1)} s.`, {
    machine: machine.name,
    kept: "what it ran before; it goes back by itself when it hears nothing more.",
    next: "see that the machine answers SSH, then run the same command again.",
  });
}

function wentBack({ machine }: Session): FleetError {
  return new FleetError("it went back by itself during the rollout: its lease ran out, or it was started again.", {
    machine: machine.name,
    kept: "what it ran before.",
    next: "see whether the machine and the way to it are well, then run the same command again.",
  });
}
