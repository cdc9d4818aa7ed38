/**
 * Keeps a rollout's hold on its machines, and the leases of those that were switched; notices a machine that is lost. So a rollout
 * never waits for longer than a lease for a machine that has fallen silent.
 */
import { FleetError } from "../errors.ts";
import { agent, LostConnection, Refused, type Session } from "./agent.ts";

/** A lease is renewed this many times before it would run out. */
const RENEWALS_PER_LEASE = 3;

/** `switched`: a renewal that doesn't find the switch means that the machine went back. */
type Phase = "held" | "switched" | "lost";

interface Held {
  phase: Phase;
  heardMs: number;
  renewing: boolean;
  lost: PromiseWithResolvers<never>;
}

export class Keeper {
  readonly #rollout: string;
  readonly #leaseMs: number;
  readonly #held = new Map<Session, Held>();
  readonly #anyLost = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #stopped = false;

  /** Starts renewing. A renewal that fails is not repeated at once: the next one comes in time, or the machine is lost. */
  constructor(rollout: string, leaseMs: number) {
    this.#rollout = rollout;
    this.#leaseMs = leaseMs;
    this.#timer = setInterval(() => {
      for (const [session, held] of this.#held) this.#tick(session, held);
    }, leaseMs / RENEWALS_PER_LEASE);
  }

  /** Aborted, with the reason, when a machine is lost. */
  get signal(): AbortSignal {
    return this.#anyLost.signal;
  }

  /** From now on this machine is told that the rollout lives. */
  hold(session: Session): void {
    const held: Held = { phase: "held", heardMs: performance.now(), renewing: false, lost: Promise.withResolvers() };
    // Nobody may be waiting just now.
    held.lost.promise.catch(() => undefined);
    this.#held.set(session, held);
  }

  /** From now on a renewal must find its switch. */
  switched(session: Session): void {
    const held = this.#held.get(session);
    if (held?.phase === "held") held.phase = "switched";
  }

  /** Waits for something on a machine, but not for longer than the machine is there. */
  during<T>(session: Session, action: Promise<T>): Promise<T> {
    const held = this.#held.get(session);
    return held === undefined ? action : Promise.race([action, held.lost.promise]);
  }

  isLost(session: Session): boolean {
    return this.#held.get(session)?.phase === "lost";
  }

  /** Renews no more, and finds no more lost. */
  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
  }

  #tick(session: Session, held: Held): void {
    if (held.phase === "lost") return;
    const silentMs = performance.now() - held.heardMs;
    if (silentMs > this.#leaseMs) this.#lose(held, silent(session, silentMs));
    else if (!held.renewing) void this.#renew(session, held);
  }

  async #renew(session: Session, held: Held): Promise<void> {
    const before = held.phase;
    held.renewing = true;
    try {
      const { pending } = await sayAlive(session, this.#rollout, this.#leaseMs);
      held.heardMs = performance.now();
      if (before === "switched" && pending !== session.machine.applyId) this.#lose(held, wentBack(session));
    } catch (error) {
      // Anything else may be a moment's trouble; its own silence decides.
      if (error instanceof Refused) this.#lose(held, error);
    } finally {
      held.renewing = false;
    }
  }

  #lose(held: Held, error: FleetError): void {
    if (this.#stopped || held.phase === "lost") return;
    held.phase = "lost";
    held.lost.reject(error);
    this.#anyLost.abort(error);
  }
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
