/** The gates that a new generation passes: it starts, it answers for itself, it answers through Caddy. */
import { setTimeout as sleep } from "node:timers/promises";
import { generationOf, type Manifest } from "../manifest.ts";
import type { SupervisorStatus, WorkerReport } from "../supervisor-report.ts";
import { parseAddress, type SlotAddress, slotsOf } from "../slots.ts";
import type { Agent } from "./context.ts";
import { AgentFailure } from "./failure.ts";
import { type Answer, type Question, waitHealthy } from "./health.ts";
import { unitNames } from "./paths.ts";
import { askSupervisor } from "./supervisor-status.ts";
import { journal, type UnitState, unitState } from "./systemd.ts";

/** The supervisor's exit code when no worker ever got ready. */
const NO_WORKER_READY = 3;
const LOOK_AT_THE_APP = "The app's last lines say why. Mend it, then roll out again.";

/**
 * Starts the manifest's generation and waits until it is ready. `systemctl start` fails with the first boot that
 * fails, although `Restart=always` goes on trying, so a broken generation is known at once, and a confirmed one
 * that can't start yet (its database is late) still tries until it can.
 * @throws AgentFailure with the app's last lines
 */
export async function startGeneration(agent: Agent, manifest: Manifest): Promise<void> {
  const generation = generationOf(manifest);
  const unit = unitNames.generation(manifest.app.name, generation);
  const { code } = await agent.run("systemctl", ["start", unit], {
    signal: agent.signal,
  });
  if (code === 0) return;
  const what = agent.signal.aborted ? "the agent was told to end" : startFailure(await unitState(agent, unit), manifest);
  throw new AgentFailure("start", what, {
    next: LOOK_AT_THE_APP,
    log: await journal(agent, manifest.app.name, generation),
  });
}

/** Why a unit did not start, for people; pure. */
export function startFailure({ result, mainStatus }: Pick<UnitState, "result" | "mainStatus">, manifest: Manifest): string {
  const who = `generation ${generationOf(manifest)} of ${manifest.app.name}`;
  const [web] = manifest.app.processes;
  if (result === "timeout") return `${who} was not ready in time (bootTimeoutMs is ${web.bootTimeoutMs})`;
  if (result === "exit-code" && mainStatus === NO_WORKER_READY) return `${who} did not start: no worker got ready`;
  if (result === "exit-code") return `${who} did not start: it ended with exit code ${mainStatus}`;
  if (result === "oom-kill") return `${who} did not start: it used more memory than it may`;
  return `${who} did not start (${result || "unknown"})`;
}

/** Asks the new generation only, where the old one doesn't answer, while that still serves. */
export async function passDirectGate(agent: Agent, manifest: Manifest): Promise<void> {
  const generation = generationOf(manifest);
  const at = directAddress(agent, manifest);
  if (at === undefined)
    return agent.report.step(
      "health",
      "not asked apart, as a command takes requests from the shared socket only; its supervisor says ready",
    );
  const unit = unitNames.generation(manifest.app.name, generation);
  const { restarts } = await unitState(agent, unit);
  const hopeless = async () => {
    const now = await unitState(agent, unit);
    return now.active === "active" && now.restarts === restarts ? undefined : `it ended while it was asked (${now.result})`;
  };
  await pass(agent, manifest, "health", at, hopeless);
}

/** Undefined for a command on the shared socket: whoever asks there may be answered by the old generation. */
function directAddress(agent: Agent, manifest: Manifest): Question["at"] | undefined {
  const { name, processes } = manifest.app;
  const { command } = processes[0];
  const generation = generationOf(manifest);
  if (command.kind !== "command") return { kind: "socket", path: agent.paths.directSocket(name, generation) };
  if (slotsOf(name, command) === undefined) return undefined;
  return async () => readySlot((await askSupervisor(agent.paths.statusSocket(name, generation)))?.each ?? []);
}

/** The address of a worker that is ready; pure. */
export function readySlot(workers: readonly Pick<WorkerReport, "state" | "address">[]): SlotAddress | undefined {
  const ready = workers.find(({ state, address }) => state === "ready" && address !== null);
  return ready?.address == null ? undefined : parseAddress(ready.address);
}

/** How long a worker that is just being replaced may keep a confirm waiting. */
const WORKERS_PATIENCE_MS = 10_000;

export interface WorkersGate {
  /** The generation is new, and all that its supervisor ever saw is of this switch: deaths count. */
  onTrial: boolean;
  /** @default 10000 */
  patienceMs?: number;
}

/**
 * All workers of the generation are ready, as its supervisor says, and they don't die one after the other.
 * @throws AgentFailure when they aren't ready for a while
 */
export async function passWorkersGate(agent: Agent, manifest: Manifest, gate: WorkersGate): Promise<void> {
  const { name } = manifest.app;
  const generation = generationOf(manifest);
  const deadlineMs = agent.clock.nowMs() + (gate.patienceMs ?? WORKERS_PATIENCE_MS);
  for (;;) {
    const status = await askSupervisor(agent.paths.statusSocket(name, generation));
    const deaths = gate.onTrial && status !== undefined ? deathsOf(status) : 0;
    const crashing = status !== undefined && deaths > status.workers.wanted;
    if (status !== undefined && !crashing && status.workers.ready >= status.workers.wanted) return;
    if (crashing || agent.clock.nowMs() >= deadlineMs || agent.signal.aborted) {
      const found = crashing ? `its workers died ${deaths} times since it was started` : readiness(status);
      throw new AgentFailure("workers", `generation ${generation} of ${name} was healthy, but no longer is: ${found}`, {
        next: LOOK_AT_THE_APP,
        log: await journal(agent, name, generation),
      });
    }
    await sleep(WORKERS_PAUSE_MS);
  }
}

const readiness = (status: SupervisorStatus | undefined): string =>
  status === undefined ? "its supervisor doesn't answer" : `${status.workers.ready} of ${status.workers.wanted} workers are ready`;

/** How often its workers ended in a way that nobody asked for. Pure. */
export function deathsOf({ restarts }: Pick<SupervisorStatus, "restarts">): number {
  return DEATHS.reduce((sum, reason) => sum + (restarts[reason] ?? 0), 0);
}

const DEATHS = ["crashed", "outOfMemory", "silent", "bootFailed", "bootTimeout"] as const;

const WORKERS_PAUSE_MS = 100;

/** Asks the way a client's request goes. */
export async function passCaddyGate(agent: Agent, manifest: Manifest): Promise<void> {
  await pass(agent, manifest, "caddy", { kind: "socket", path: agent.paths.caddyLocalSocket });
}

async function pass(
  agent: Agent,
  manifest: Manifest,
  step: string,
  at: Question["at"],
  hopeless?: () => Promise<string | undefined>,
): Promise<void> {
  const { health } = manifest.app.processes[0];
  const waiting = {
    nowMs: agent.clock.nowMs,
    signal: agent.signal,
    ...(hopeless === undefined ? {} : { hopeless }),
  };
  const answer: Answer = await waitHealthy({ at, health, host: manifest.https.names[0] ?? "localhost" }, waiting);
  if (answer.healthy)
    return agent.report.step(step, `${step === "caddy" ? "through Caddy " : ""}GET ${health.path} answered ${answer.status}`);
  const through = step === "caddy" ? " through Caddy" : "";
  throw new AgentFailure(step, `generation ${generationOf(manifest)} of ${manifest.app.name} is not healthy${through}: ${answer.why}`, {
    next: LOOK_AT_THE_APP,
    log: await journal(agent, manifest.app.name, generationOf(manifest)),
  });
}
