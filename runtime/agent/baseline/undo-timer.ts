/** The dead man's switch: systemd itself puts the baseline back unless it is told in time that a login came through. */
import type { Agent } from "../context.ts";
import { AgentFailure } from "../failure.ts";
import { unitNames } from "../paths.ts";

/** systemd.time(7): a timer without it may come up to a minute late. */
const ACCURACY = "--timer-property=AccuracySec=100ms";

export async function startUndoTimer(agent: Agent, trial: string, afterMs: number): Promise<void> {
  await stopUndoTimer(agent);
  const { current } = agent.paths;
  const args = ["--quiet", "--collect", `--unit=${unitNames.baselineUndo}`, `--on-active=${afterMs}ms`, ACCURACY];
  const { code, stderr } = await agent.run("systemd-run", [...args, `${current}/bin/fleethost`, "unharden", "--trial", trial]);
  if (code === 0) return;
  throw new AgentFailure("hardening", `no timer that would put it back could be started: ${stderr.trim()}`, {
    kept: "everything; nothing was changed",
    next: "See systemd-run(1), then run the same again.",
  });
}

/** There may be none. */
export async function stopUndoTimer({ run }: Pick<Agent, "run">): Promise<void> {
  await run("systemctl", ["stop", `${unitNames.baselineUndo}.timer`]);
}
