/** `fleethost reboot-if-due`: this machine's restart in its slot, drained; and a look at how it came back from the last one. */
import { release as runningKernel } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { Agent } from "../context.ts";
import { asFailure } from "../failure.ts";
import { judgeHold, readHold, releaseHold, takeHold } from "../hold.ts";
import { tryLock } from "../lock.ts";
import { readPending, readState } from "../records.ts";
import { status } from "../status.ts";
import { systemctl } from "../systemd.ts";
import { rebootDue } from "./due.ts";
import { decideReboot, type Seen, type Verdict } from "./decide.ts";
import { drain, serveAgain } from "./drain.ts";
import { readReboot, type RebootRecord, writeReboot } from "./record.ts";
import { currentSlot } from "./window.ts";

const LOOK_EVERY_MS = 15_000;
/** From a boot until the app must be healthy: it, and what it needs, may be slow to start. */
const BACK_WITHIN_MS = 300_000;
/** systemd answers at once, and ends this process a moment later. */
const END_WITHIN_MS = 60_000;
/** Names the hold to a rollout that comes in between. */
const HOLDER = "the machine itself, which is about to restart,";

/** @returns what came of it, for the journal */
export async function rebootIfDue(agent: Agent, app: string): Promise<string> {
  await lookBack(agent, app);
  for (let told = ""; ;) {
    const verdict = await judge(agent, app);
    if (verdict.kind === "no") return verdict.why;
    if (verdict.kind === "reboot" && (await restart(agent, app, verdict.why))) return `restarting: ${verdict.why}`;
    if (verdict.why !== told) agent.report.step("reboot", `not yet: ${verdict.why}`);
    told = verdict.why;
    await sleep(LOOK_EVERY_MS, undefined, { signal: agent.signal }).catch(() => undefined);
    if (agent.signal.aborted) return "told to end";
  }
}

async function judge(agent: Agent, app: string): Promise<Verdict> {
  const seen = await look(agent, app);
  return seen === undefined ? { kind: "no", why: "no restarts are asked for" } : decideReboot(seen);
}

async function look(agent: Agent, app: string): Promise<Seen | undefined> {
  const reboots = (await readState(agent, app))?.manifest.hardening?.reboots;
  if (reboots === undefined) return undefined;
  // The calendar is the one thing that only the clock on the wall knows.
  const nowMs = Date.parse(agent.clock.wallTime());
  const hold = await readHold(agent, app);
  const held = judgeHold(hold, undefined, await agent.clock.uptimeMs()) === "another's";
  return {
    nowMs,
    slot: currentSlot(reboots, nowMs),
    due: await rebootDue(runningKernel()),
    last: await readReboot(agent),
    onTrial: (await readPending(agent, app)) !== undefined,
    heldBy: held ? hold?.who : undefined,
    health: await healthOf(agent, app),
  };
}

async function healthOf(agent: Agent, app: string): Promise<Seen["health"]> {
  return (await status(agent, app)).apps[0]?.health ?? { state: "down", detail: "nothing of it is here" };
}

/** @returns false when somebody else changes the machine just now */
async function restart(agent: Agent, app: string, why: string): Promise<boolean> {
  await using lock = await tryLock(agent, "a restart in this machine's window");
  // Asked again under the lock: whoever held it may have changed what was seen.
  if (lock === undefined || (await judge(agent, app)).kind !== "reboot") return false;
  const bootId = await agent.clock.bootId();
  const rollout = `reboot-${bootId}`;
  await takeHold(agent, app, { rollout, who: HOLDER, leaseMs: BACK_WITHIN_MS, takeOver: false });
  const record: RebootRecord = { schema: 1, state: "begun", at: agent.clock.wallTime(), why, bootId, detail: "" };
  await writeReboot(agent, record);
  agent.report.step("reboot", `${why}: this machine restarts`);
  try {
    await drain(agent, app);
    await systemctl(agent, "reboot");
    await sleep(END_WITHIN_MS, undefined, { signal: agent.signal }).then(
      () => Promise.reject(new Error(`systemd was asked to, and did nothing for ${END_WITHIN_MS / 1000} s`)),
      () => undefined,
    );
  } catch (error) {
    const detail = asFailure(error, "reboot").message;
    await writeReboot(agent, { ...record, state: "failed", detail });
    await serveAgain(agent, app);
    await releaseHold(agent, app, rollout);
    throw error;
  }
  return true;
}

/**
 * Writes down how the machine came back from a restart of its own, once it is known.
 * @param withinMs how long the app may take to be healthy
 */
export async function lookBack(agent: Agent, app: string, withinMs = BACK_WITHIN_MS): Promise<void> {
  const record = await readReboot(agent);
  if (record?.state !== "begun") return;
  if (record.bootId === (await agent.clock.bootId())) {
    await writeReboot(agent, { ...record, state: "failed", detail: "it was given up in the middle" });
    return;
  }
  const deadlineMs = agent.clock.nowMs() + withinMs;
  for (;;) {
    const { state, detail } = await healthOf(agent, app);
    const over = agent.clock.nowMs() >= deadlineMs;
    if (state === "healthy" || over) {
      agent.report.step("reboot", state === "healthy" ? `back, and healthy (${record.why})` : `back, and ${state}: ${detail}`);
      return writeReboot(agent, { ...record, state: state === "healthy" ? "healthy" : "unhealthy", detail });
    }
    await sleep(1_000, undefined, { signal: agent.signal }).catch(() => undefined);
    if (agent.signal.aborted) return;
  }
}
