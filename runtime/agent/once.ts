/** `fleethost once`: a step before the switch, with the new release's code and environment, as a unit of its own. */
import { rm } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { generationOf, type Manifest, type OnceStep } from "../manifest.ts";
import type { OnceEntry } from "../once.ts";
import { agentExit } from "../report.ts";
import type { Agent } from "./context.ts";
import { AgentFailure } from "./failure.ts";
import { writeAtomic } from "./files.ts";
import { generationManifest } from "./generations.ts";
import { type End, isEnd, judgeEnd, markerOf, noteOnce, onceRecords, runningStep, writtenEnd } from "./once-records.ts";
import { renderOnceUnit } from "./once-unit.ts";
import { unitNames } from "./paths.ts";
import { systemctl, type UnitState, unitState } from "./systemd.ts";

export interface OnceOptions {
  step: string;
  attempt: string;
}

/**
 * Runs the step, or waits for it if that attempt was begun already: it is never begun twice. The unit is systemd's: it goes on when
 * this agent is ended. Not under the machine's lock, as an agent outlives its operator: the next rollout has to come through.
 * @throws AgentFailure when it fails, with its last lines; it is on record then whether it ended by itself
 */
export async function runOnce(agent: Agent, manifest: Manifest, { step: name, attempt }: OnceOptions): Promise<{ state: "done" }> {
  const app = manifest.app.name;
  const step = await requireStep(agent, manifest, name);
  const unit = unitNames.once(app, manifest.app.release.id, name);
  const startedMs = agent.clock.nowMs();
  const begun = (await knownAttempt(agent, manifest, attempt)) !== undefined;
  agent.report.step("once", `${name}: ${begun ? "was begun already; waiting for its end" : "running"}`);
  const { state, ended } = begun ? await joinStep(agent, manifest, unit, attempt) : await startStep(agent, manifest, step, unit, attempt);
  const log = state === "done" ? [] : await lastLines(agent, unit);
  await noteOnce(agent, app, { ...entryOf(manifest, name, attempt), state });
  await clear(agent, app, unit, attempt);
  if (state !== "done") throw failure(step, ended, state, log);
  agent.report.step("once", `${name}: done in ${((agent.clock.nowMs() - startedMs) / 1000).toFixed(1)} s`);
  return { state };
}

interface Ended {
  state: End;
  /** Says nothing where another agent, which waited too, has cleared the unit away. */
  ended: UnitState;
}

async function startStep(agent: Agent, manifest: Manifest, step: OnceStep, unit: string, attempt: string): Promise<Ended> {
  await begin(agent, manifest, step, unit, entryOf(manifest, step.name, attempt));
  const { code } = await agent.run("systemctl", ["start", unit]);
  const ended = await unitState(agent, unit);
  const state = code === 0 ? "done" : ((await writtenEnd(agent, manifest.app.name, attempt)) ?? judgeEnd(ended));
  return { state, ended };
}

/** Of an attempt that somebody else began: waits while it runs. */
async function joinStep(agent: Agent, manifest: Manifest, unit: string, attempt: string): Promise<Ended> {
  for (;;) {
    const state = (await knownAttempt(agent, manifest, attempt))?.state ?? "died";
    if (isEnd(state)) return { state, ended: await unitState(agent, unit) };
    await sleep(LOOK_EVERY_MS);
  }
}

const LOOK_EVERY_MS = 500;

const entryOf = ({ app, machine }: Manifest, step: string, attempt: string): Omit<OnceEntry, "state"> => ({
  attempt,
  release: app.release.id,
  step,
  on: machine,
});

const knownAttempt = async (agent: Agent, { app, machine }: Manifest, attempt: string): Promise<OnceEntry | undefined> =>
  (await onceRecords(agent, app.name, app.release.id, machine)).find((entry) => entry.attempt === attempt);

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
  const other = await runningStep(agent, app, manifest.machine);
  if (other !== undefined) throw stillRuns(other);
  await noteOnce(agent, app, { ...entry, state: "started" });
  await writeAtomic(agent.paths.unit(unit), renderOnceUnit(manifest, step, markerOf(agent, app, entry.attempt)), { mode: 0o644 });
  await systemctl(agent, "daemon-reload");
}

/** Two migrations at once are nobody's wish. */
function stillRuns({ step, release }: OnceEntry): AgentFailure {
  return new AgentFailure("once", `the step ${step} of release ${release.slice(0, 8)}, which a rollout began that is gone, still runs`, {
    kept: "everything; nothing was switched",
    next: "Wait for its end, then run the same again.",
    exitCode: agentExit.busy,
  });
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

function failure(step: OnceStep, { result, mainStatus }: UnitState, state: Exclude<End, "done">, log: string[]): AgentFailure {
  const how: Record<string, string> = {
    "exit-code": `ended with exit code ${mainStatus}`,
    timeout: `wasn't done after ${step.timeoutMs} ms (timeoutMs) and was killed`,
    "oom-kill": "used more memory than it may and was killed",
  };
  const otherwise = state === "failed" ? "ended with an error" : `was killed (${result || "unknown"})`;
  const again = "Mend what its last lines say, then run the same again: it is run once more.";
  return new AgentFailure("once", `${step.name} ${how[result] ?? otherwise}`, {
    kept: "everything; nothing was switched",
    next: state === "failed" || step.repeatable ? again : `See how far it came; then: fleet up --repeat-once ${step.name}`,
    log,
  });
}
