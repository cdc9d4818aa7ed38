/**
 * The way out of a generation that another one has replaced: it takes no more requests at once, and ends once it has answered what it
 * has.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { SupervisorStatus } from "../supervisor-report.ts";
import type { Agent } from "./context.ts";
import { AgentFailure } from "./failure.ts";
import { unitNames } from "./paths.ts";
import { askSupervisor } from "./supervisor-status.ts";
import { observe, systemctl, unitState } from "./systemd.ts";

const LOOK_EVERY_MS = 25;

/**
 * Tells it to end, and waits until no new connection gets to it. A command, which doesn't say so, is waited for until its end.
 * @throws AgentFailure when the agent is told to end
 */
export async function takeOffTraffic(agent: Agent, app: string, generation: string): Promise<void> {
  const unit = unitNames.generation(app, generation);
  await systemctl(agent, "stop", "--no-block", unit);
  while (!(await isOffTraffic(agent, app, generation))) await pause(agent);
}

async function isOffTraffic(agent: Agent, app: string, generation: string): Promise<boolean> {
  const status = await askSupervisor(agent.paths.statusSocket(app, generation));
  if (status !== undefined) return takesNoMore(status);
  const { active } = await unitState(agent, unitNames.generation(app, generation));
  return active === "inactive" || active === "failed";
}

/** Whether all workers have closed their sockets, by what their supervisor says. Pure. */
export function takesNoMore({
  state,
  each,
}: Pick<SupervisorStatus, "state"> & { each: readonly Pick<SupervisorStatus["each"][number], "state">[] }): boolean {
  return state === "stopping" && each.every((worker) => worker.state === "closed" || worker.state === "killed");
}

/**
 * Waits until the others have ended. systemd sees to it that they do, at the end of their drain's time.
 * @throws AgentFailure when the agent is told to end
 */
export async function awaitOthersEnd(agent: Agent, app: string, generation: string): Promise<void> {
  for (let told = false; ; told = true) {
    const others = (await observe(agent, app)).active.filter((one) => one !== generation);
    if (others.length === 0) return;
    if (!told) agent.report.step("drain", `generation ${others.join(", ")} still answers what it has`);
    await pause(agent);
  }
}

async function pause({ signal }: Pick<Agent, "signal">): Promise<void> {
  if (signal.aborted) throw new AgentFailure("drain", "the agent was told to end");
  await sleep(LOOK_EVERY_MS);
}
