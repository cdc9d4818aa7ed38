/** Moves an app's workers from one generation to another on the socket that both share, one at a time. */
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Manifest } from "../manifest.ts";
import type { SupervisorStatus } from "../supervisor-report.ts";
import { askScale, ControlFailure } from "../supervisor/control-client.ts";
import type { Agent } from "./context.ts";
import { AgentFailure } from "./failure.ts";
import { availableMiB, nextShift, planShift, type ShiftPlan } from "./shift-plan.ts";
import { askSupervisor } from "./supervisor-status.ts";

/** A worker boots, another one drains: on top of what the app's own limits allow for that. */
const SCALE_MARGIN_MS = 15_000;

/**
 * @param old generations that run; the fit is judged by the first one that answers
 * @throws AgentFailure when not even one more worker fits
 */
export async function decideShift(agent: Agent, app: string, old: readonly string[], surge: "auto" | "one"): Promise<ShiftPlan["kind"]> {
  const statuses = await Promise.all(old.map((generation) => askSupervisor(agent.paths.statusSocket(app, generation))));
  const status = statuses.find((found) => found !== undefined);
  if (status === undefined) return "beside";
  const sizes = status.each.flatMap(({ memoryMiB }) => memoryMiB ?? []);
  const plan = planShift(surge, {
    availableMiB: availableMiB(await readFile("/proc/meminfo", "utf8").catch(() => "")),
    workerMiB: sizes.length === 0 ? null : Math.max(...sizes),
    workers: status.workers.target,
  });
  if (plan.kind !== "short") return plan.kind;
  throw new AgentFailure("memory", `there is not enough memory for one more worker: ${plan.availableMiB} of ${plan.needMiB} MiB`, {
    kept: "everything; nothing was switched",
    next: "Make room (a smaller app, fewer workers, a larger machine), then roll out again.",
  });
}

/** Runs `start` with the app's next supervisor told to begin with one worker; a later start of it knows nothing of that. */
export async function startingWithOne<T>({ paths }: Agent, app: string, start: () => Promise<T>): Promise<T> {
  const path = paths.startWith(app);
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  await writeFile(path, "FLEETHOST_START_WORKERS=1\n", { mode: 0o600 });
  try {
    return await start();
  } finally {
    await rm(path, { force: true });
  }
}

/**
 * Until `to` has all its workers. Idempotent: it goes by what both say of themselves.
 * @param from undefined, or not answering: nothing is taken away there
 * @throws AgentFailure when a worker of `to` doesn't get ready
 */
export async function shiftWorkers(agent: Agent, manifest: Manifest, from: string | undefined, to: string): Promise<void> {
  const app = manifest.app.name;
  const look = (generation: string): Promise<SupervisorStatus | undefined> => askSupervisor(agent.paths.statusSocket(app, generation));
  for (let downDone = false; ;) {
    if (agent.signal.aborted) throw new AgentFailure("shift", "the agent was told to end");
    const [going, coming] = await Promise.all([from === undefined ? undefined : look(from), look(to)]);
    if (coming === undefined) throw new AgentFailure("shift", `the supervisor of generation ${to} doesn't answer`);
    const step = nextShift(going?.workers, coming.workers, downDone);
    if (step.side === "done") return;
    await scale(agent, manifest, step.side === "from" ? (from as string) : to, step.workers);
    downDone = step.side === "from";
    if (step.side === "to") agent.report.step("shift", `${step.workers} of ${coming.workers.target} workers are of generation ${to}`);
  }
}

async function scale({ paths }: Agent, manifest: Manifest, generation: string, workers: number): Promise<void> {
  const { name, processes } = manifest.app;
  const { bootTimeoutMs, drainTimeoutMs } = processes[0];
  try {
    const { ok, text } = await askScale(paths.statusSocket(name, generation), workers, bootTimeoutMs + drainTimeoutMs + SCALE_MARGIN_MS);
    if (!ok) throw new AgentFailure("shift", `generation ${generation} of ${name}: ${text}`);
  } catch (error) {
    if (error instanceof ControlFailure) throw new AgentFailure("shift", `generation ${generation} of ${name}: ${error.message}`);
    throw error;
  }
}
