/** Renews the lease of every machine that has been switched and not yet confirmed. */
import { agent, type Session } from "./agent.ts";

/** A lease is renewed this many times before it would run out. */
const RENEWALS_PER_LEASE = 3;

export interface Leases {
  /** From now on this machine's lease is renewed. */
  hold(session: Session): void;
  stop(): void;
}

/** Starts renewing. A renewal that fails is not repeated at once: the next one comes in time, or the machine goes back. */
export function keepLeases(leaseMs: number): Leases {
  const held = new Set<Session>();
  const timer = setInterval(() => {
    for (const session of held) void renew(session, leaseMs);
  }, leaseMs / RENEWALS_PER_LEASE);
  return { hold: (session) => held.add(session), stop: () => clearInterval(timer) };
}

async function renew(session: Session, leaseMs: number): Promise<void> {
  const args = ["renew", "--app", session.machine.manifest.app.name, "--lease-ms", String(leaseMs)];
  await agent(session, () => undefined, args, { timeoutMs: leaseMs }).catch(() => undefined);
}
