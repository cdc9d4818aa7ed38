/**
 * One change at a time on a machine. `flock(1)` locks a descriptor that this process keeps open: the kernel
 * lets go of it when the process ends, however it ends, so there are no stale locks to judge.
 */
import { mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { agentExit } from "../report.ts";
import type { Agent } from "./context.ts";
import { AgentFailure } from "./failure.ts";

/** `flock -n` exits with this when another holds the lock (flock(1)). */
const FLOCK_BUSY = 1;

export interface Lock extends AsyncDisposable {}

/**
 * @param purpose Told to whoever comes next: "switch of shop (apply 4711)".
 * @returns undefined when another process holds it.
 */
export async function tryLock(agent: Pick<Agent, "paths" | "run" | "clock">, purpose: string): Promise<Lock | undefined> {
  await mkdir(dirname(agent.paths.lock), { recursive: true, mode: 0o755 });
  const file = await open(agent.paths.lock, "a+", 0o644);
  const { code, stderr } = await agent.run("flock", ["-n", "3"], {
    descriptors: [file.fd],
  });
  if (code !== 0) {
    await file.close();
    if (code === FLOCK_BUSY) return undefined;
    throw new AgentFailure("lock", `the lock ${agent.paths.lock} can't be taken: ${stderr.trim()}`, {
      next: "flock(1) comes with Debian's util-linux: install it.",
    });
  }
  await file.truncate(0);
  await file.writeFile(`${purpose}, process ${process.pid}, since ${agent.clock.wallTime()}\n`);
  return { [Symbol.asyncDispose]: () => file.close() };
}

/**
 * @param patienceMs How long another's change is waited for: an agent outlives its operator, and ends what it was at. @default 0
 * @throws AgentFailure with exit code 4, naming the holder.
 */
export async function takeLock(agent: Pick<Agent, "paths" | "run" | "clock">, purpose: string, patienceMs = 0): Promise<Lock> {
  const deadlineMs = agent.clock.nowMs() + patienceMs;
  for (;;) {
    const lock = await tryLock(agent, purpose);
    if (lock !== undefined) return lock;
    if (agent.clock.nowMs() >= deadlineMs) break;
    await sleep(LOOK_EVERY_MS);
  }
  throw new AgentFailure("lock", `another change is under way on this machine: ${await holder(agent.paths.lock)}`, {
    kept: "everything; nothing was touched",
    next: "Wait for it to end, then run the same again.",
    exitCode: agentExit.busy,
  });
}

const LOOK_EVERY_MS = 200;

/** For a look and a write that belong together: waits for whoever does the same, which takes milliseconds. */
export async function briefLock({ run }: Pick<Agent, "run">, path: string): Promise<Lock> {
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  const file = await open(path, "a+", 0o644);
  const { code, stderr } = await run("flock", ["-w", String(BRIEF_WAIT_S), "3"], { descriptors: [file.fd] });
  if (code === 0) return { [Symbol.asyncDispose]: () => file.close() };
  await file.close();
  throw new AgentFailure("lock", `the lock ${path} can't be taken: ${stderr.trim() || `nobody let go of it for ${BRIEF_WAIT_S} s`}`);
}

const BRIEF_WAIT_S = 10;

async function holder(path: string): Promise<string> {
  const file = await open(path, "r");
  try {
    return (await file.readFile("utf8")).trim() || "its holder has only just begun";
  } finally {
    await file.close();
  }
}
