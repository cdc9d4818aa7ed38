/** `fleethost once`: a step before the switch, with the new release's code and environment, as a unit of its own. */
import { rm } from "node:fs/promises";
import { generationOf, type Manifest, type OnceStep } from "../manifest.ts";
import { agentExit } from "../report.ts";
import type { Agent } from "./context.ts";
import { AgentFailure } from "./failure.ts";
import { writeAtomic } from "./files.ts";
import { generationManifest } from "./generations.ts";
import { markerOf, noteOnce, type OnceEntry, onceRecords, writtenEnd } from "./once-records.ts";
import { renderOnceUnit } from "./once-unit.ts";
import { unitNames } from "./paths.ts";
import { systemctl, type UnitState, unitState } from "./systemd.ts";

export interface OnceOptions {
  step: string;
  attempt: string;
}

interface Ended {
  state: OnceEntry["state"];
  /** Undefined when it had ended before anybody looked. */
  ended: UnitState | undefined;
}

/**
 * Runs the step, or waits for it if that attempt runs already. The unit is systemd's: it goes on when this agent is ended, and
 * two agents may wait for it. An attempt that has ended meanwhile isn't run again.
 * @throws AgentFailure with the step's last lines; it is on record then whether it ended by itself
 */
export async function runOnce(agent: Agent, manifest: Manifest, { step: name, attempt }: OnceOptions): Promise<{ state: "done" }> {
  const app = manifest.app.name;
  const step = await requireStep(agent, manifest, name);
  const unit = unitNames.once(app, manifest.app.release.id, name);
  const entry = { attempt, release: manifest.app.release.id, step: name, on: manifest.machine };
  const known = (await onceRecords(agent, app, entry.release, entry.on)).find((one) => one.attempt === attempt);
  if (known === undefined) await begin(agent, manifest, step, unit, entry);
  const startedMs = agent.clock.nowMs();
  const runs = known === undefined || known.state === "running";
  const { state, ended } = runs ? await untilEnd(agent, unit, entry, app) : { state: known.state, ended: undefined };
  const seconds = ((agent.clock.nowMs() - startedMs) / 1000).toFixed(1);
  const log = state === "done" ? [] : await lastLines(agent, unit);
  await noteOnce(agent, app, { ...entry, state });
  await clear(agent, app, unit, attempt);
  if (state !== "done") throw failure(step, ended, state, log);
  agent.report.step("once", `${name}: done in ${seconds} s`);
  return { state };
}

async function untilEnd(agent: Agent, unit: string, { step, attempt }: Omit<OnceEntry, "state">, app: string): Promise<Ended> {
  agent.report.step("once", `${step}: running`);
  const { code } = await agent.run("systemctl", ["start", unit]);
  const ended = await unitState(agent, unit);
  if (code === 0) return { state: "done", ended };
  // Another agent that waited, too, may have cleared the unit away: then it has written down the end before.
  return { state: (await writtenEnd(agent, app, attempt)) ?? judgeEnd(ended), ended };
}

/** Whether it is known how far it came: only if it ended by itself. Pure. */
export function judgeEnd({ result }: Pick<UnitState, "result">): "failed" | "died" {
  return result === "exit-code" ? "failed" : "died";
}

async function requireStep(agent: Agent, manifest: Manifest, name: string): Promise<OnceStep> {
  const step = manifest.app.once?.find((candidate) => candidate.name === name);
  const staged = await generationManifest(agent, manifest.app.name, generationOf(manifest));
  if (step !== undefined && staged !== undefined) return step;
  throw new AgentFailure("once", step === undefined ? `the manifest has no step ${name}` : "its generation isn't staged on this machine", {
    kept: "everything; nothing was touched",
    next: "Run fleethost stage with the same manifest first.",
    exitCode: agentExit.usage,
  });
}

async function begin(agent: Agent, manifest: Manifest, step: OnceStep, unit: string, entry: Omit<OnceEntry, "state">): Promise<void> {
  const app = manifest.app.name;
  await noteOnce(agent, app, { ...entry, state: "started" });
  await writeAtomic(agent.paths.unit(unit), renderOnceUnit(manifest, step, markerOf(agent, app, entry.attempt)), { mode: 0o644 });
  await systemctl(agent, "daemon-reload");
}

/** Its unit and marker have had their say. */
async function clear(agent: Agent, app: string, unit: string, attempt: string): Promise<void> {
  await rm(agent.paths.unit(unit), { force: true });
  await rm(markerOf(agent, app, attempt), { force: true });
  await agent.run("systemctl", ["reset-failed", unit]);
  await systemctl(agent, "daemon-reload");
}

/** What the step itself said: by this match, systemd's own lines about the unit are not among them. */
async function lastLines({ run }: Pick<Agent, "run">, unit: string): Promise<string[]> {
  await run("journalctl", ["--sync"]);
  const { stdout } = await run("journalctl", [`_SYSTEMD_UNIT=${unit}`, "-n", "30", "-o", "cat", "--no-pager"]);
  return stdout.split("\n").filter((line) => line !== "");
}

function failure(step: OnceStep, ended: UnitState | undefined, state: OnceEntry["state"], log: string[]): AgentFailure {
  const { result, mainStatus } = ended ?? { result: "", mainStatus: 0 };
  const how: Record<string, string> = {
    "exit-code": `ended with exit code ${mainStatus}`,
    timeout: `wasn't done after ${step.timeoutMs} ms (timeoutMs) and was killed`,
    "oom-kill": "used more memory than it may and was killed",
  };
  const unknown = state === "failed" ? "ended with an error" : `was killed (${result || "unknown"})`;
  const again = "Mend what its last lines say, then run the same again: it is run once more.";
  return new AgentFailure("once", `${step.name} ${how[result] ?? unknown}`, {
    kept: "everything; nothing was switched",
    next: state === "failed" || step.repeatable ? again : `See how far it came; then: fleet up --repeat-once ${step.name}`,
    log,
  });
}
