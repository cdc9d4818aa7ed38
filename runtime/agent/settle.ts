/** What a power cut in the middle of a confirm may leave: two generations enabled, so that a boot started both. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Agent } from "./context.ts";
import { confirmedManifest } from "./go-back.ts";
import { tryLock } from "./lock.ts";
import { unitNames } from "./paths.ts";
import { readPending } from "./records.ts";
import { observe, systemctl } from "./systemd.ts";

const LOOK_EVERY_MS = 1_000;

/** Stops what runs beside the confirmed generation, once that serves; returns at once when there is nothing to do. */
export async function settle(agent: Agent, app: string): Promise<void> {
  while (!(await settleOnce(agent, app)) && !agent.signal.aborted) await sleep(LOOK_EVERY_MS);
}

/** @returns false when the confirmed generation isn't up yet, so that the other one has to stay. */
async function settleOnce(agent: Agent, app: string): Promise<boolean> {
  await using lock = await tryLock(agent, `settling ${app} after a boot`);
  // Whoever holds the lock is changing things and leaves them settled.
  if (lock === undefined || (await readPending(agent, app)) !== undefined) return true;
  const confirmed = await confirmedManifest(agent, app);
  const { running, active } = await observe(agent, app);
  const others = active.filter((generation) => generation !== confirmed?.generation);
  if (confirmed === undefined || others.length === 0) return true;
  // A confirm that was completed at boot came too late for what the boot starts.
  const unit = unitNames.generation(app, confirmed.generation);
  if (!active.includes(confirmed.generation)) await systemctl(agent, "start", "--no-block", unit);
  if (!running.includes(confirmed.generation)) return false;
  for (const generation of others) {
    agent.report.step("settle", `generation ${generation} runs beside the confirmed ${confirmed.generation}: stopping it`);
    await systemctl(agent, "stop", unitNames.generation(app, generation));
  }
  return true;
}
