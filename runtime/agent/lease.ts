/**
 * The lease of a switch that isn't confirmed: a deadline on the machine's own clock. It is renewed by whoever
 * leads the rollout; when it runs out the machine goes back by itself. No lease runs out while an agent works:
 * the watcher needs the machine's lock, which a dead agent no longer holds.
 */
import { rm } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "../zod.ts";
import type { Agent } from "./context.ts";
import { AgentFailure } from "./failure.ts";
import { readIfThere, writeAtomic } from "./files.ts";
import { renewHold } from "./hold.ts";
import { tryLock } from "./lock.ts";
import { unitNames } from "./paths.ts";
import { readPending } from "./records.ts";
import { systemctl } from "./systemd.ts";

const leaseSchema = z.object({
  applyId: z.string(),
  /** On CLOCK_BOOTTIME, which every process reads alike and no one can set. */
  deadlineUptimeMs: z.number(),
});
export type Lease = z.infer<typeof leaseSchema>;

/** Starts a lease and its watcher. */
export async function armLease(agent: Agent, app: string, applyId: string, leaseMs: number): Promise<void> {
  await writeLease(agent, app, applyId, leaseMs);
  // A restart, as the watcher of the switch before may just be about to end.
  await systemctl(agent, "restart", "--no-block", unitNames.lease(app));
}

export async function disarmLease({ paths }: Pick<Agent, "paths">, app: string): Promise<void> {
  await rm(paths.lease(app), { force: true });
}

/**
 * A rollout's word to a machine: its hold lasts on, and so does the lease of its switch, if there is one.
 * @returns the apply that awaits its confirm
 * @throws AgentFailure when another rollout has taken over, or a boot ended this one
 */
export async function renewRollout(agent: Agent, app: string, rollout: string, leaseMs: number): Promise<{ pending: string | null }> {
  await renewHold(agent, app, rollout, leaseMs);
  const pending = await readPending(agent, app);
  if (pending === undefined || (await readLease(agent, app)) === undefined) return { pending: null };
  await writeLease(agent, app, pending.applyId, leaseMs);
  return { pending: pending.applyId };
}

/** @throws AgentFailure when no switch awaits a confirm, as then the machine went back already. */
export async function renewLease(agent: Agent, app: string, leaseMs: number): Promise<Lease> {
  const pending = await readPending(agent, app);
  if (pending !== undefined && (await readLease(agent, app)) !== undefined) return writeLease(agent, app, pending.applyId, leaseMs);
  throw new AgentFailure("renew", `no switch of ${app} awaits a confirm on this machine`, {
    kept: "what runs now",
    next: "If its lease ran out, the machine went back by itself: run the rollout again.",
  });
}

export async function writeLease({ paths, clock }: Agent, app: string, applyId: string, leaseMs: number): Promise<Lease> {
  const lease: Lease = {
    applyId,
    deadlineUptimeMs: (await clock.uptimeMs()) + leaseMs,
  };
  await writeAtomic(paths.lease(app), `${JSON.stringify(lease)}\n`, {
    mode: 0o600,
  });
  return lease;
}

async function readLease({ paths }: Pick<Agent, "paths">, app: string): Promise<Lease | undefined> {
  const text = await readIfThere(paths.lease(app));
  return text === undefined ? undefined : leaseSchema.safeParse(JSON.parse(text)).data;
}

export type LeaseView = "over" | "running" | "expired";

/** Pure. A pending switch whose lease is lost counts as expired: nobody could renew it. */
export function judgeLease(pendingApplyId: string | undefined, lease: Lease | undefined, uptimeMs: number): LeaseView {
  if (pendingApplyId === undefined) return "over";
  if (lease === undefined || lease.applyId !== pendingApplyId) return "expired";
  return uptimeMs < lease.deadlineUptimeMs ? "running" : "expired";
}

export async function viewLease(agent: Agent, app: string): Promise<LeaseView> {
  const pending = await readPending(agent, app);
  return judgeLease(pending?.applyId, await readLease(agent, app), await agent.clock.uptimeMs());
}

/** How often a watcher looks: a confirm or a renewal is noticed, and a deadline missed, by no more than this. */
const LOOK_EVERY_MS = 500;

/**
 * Waits until the switch is confirmed or undone by others, or goes back when its lease has run out.
 * @param goBack Called with the machine's lock held.
 */
export async function watchLease(agent: Agent, app: string, goBack: (why: string) => Promise<void>): Promise<"over" | "went back"> {
  for (;;) {
    const view = await viewLease(agent, app);
    if (view === "over" || agent.signal.aborted) return "over";
    if (view === "expired") {
      await using lock = await tryLock(agent, `the lease of ${app}, which ran out`);
      // Asked again under the lock: whoever held it may have confirmed, undone or renewed.
      if (lock !== undefined && (await viewLease(agent, app)) === "expired") {
        await goBack("its lease ran out before it was confirmed");
        return "went back";
      }
    }
    await sleep(LOOK_EVERY_MS);
  }
}
