/** Brings a machine everything it will need, touching nothing that runs. What is there already is not sent again. */
import { statSync } from "node:fs";
import type { GivenTls } from "../../runtime/https.ts";
import { FleetError } from "../errors.ts";
import { readBackup } from "./acme-backups.ts";
import { agent, type Session, talk } from "./agent.ts";
import { findArchive } from "./archives.ts";
import { forgetCommand, incomingPath, installRuntimeCommand, receiveCommand, useRuntimeCommand } from "./commands.ts";
import type { Observation } from "./observation.ts";
import type { Tell } from "./events.ts";
import type { Plan } from "./plan.ts";
import type { Say } from "./progress.ts";

type Reachable = Extract<Observation, { state: "reachable" }>;

export interface StageOptions {
  signal: AbortSignal;
  plan: Pick<Plan, "secrets" | "tls">;
  /** The rollout's name on the machines. */
  rollout: string;
  tell: Tell;
}

/** Release, then generation; the machine has its runtime. */
export async function stage(session: Session, say: Say, options: StageOptions): Promise<void> {
  const { archive } = session.machine.manifest.app.release;
  const { secrets, tls } = options.plan;
  const stageArgs = ["stage", "--rollout", options.rollout];
  const given = { signal: options.signal, secrets, tls: withBackup(tls, session.machine.name) };
  const known = await agent(session, say, stageArgs, given);
  if (known.needs !== "archive") return;
  await send(session, say, archive.sha256, "release", options);
  try {
    await agent(session, say, [...stageArgs, "--archive", incomingPath(archive.sha256)], given);
  } finally {
    // Unpacked or refused, the next attempt sends it again: it would only fill the disk. Not ended by an interrupt.
    await session.connection.run(forgetCommand(archive.sha256)).catch(() => undefined);
  }
}

/** What a machine of that name had from its issuer: one that was rebuilt takes it, any other has it. */
function withBackup(tls: Plan["tls"], machine: string): GivenTls | undefined {
  const storage = tls?.accountKey === undefined ? undefined : readBackup(tls.accountKey, machine);
  return storage === undefined ? tls : { ...tls, storage };
}

/** The runtime bundle, with the agent: before anything else. */
export async function stageRuntime(session: Session, seen: Reachable, say: Say, options: StageOptions): Promise<void> {
  const id = session.machine.manifest.runtime;
  // The agent that does the work is there, and stays the current one.
  if (session.machine.agentRuntime !== undefined && seen.runtimes.includes(id)) return;
  if (seen.runtimes.includes(id)) {
    await command(session, "runtime", useRuntimeCommand(id), options);
    return;
  }
  const { sha256 } = session.machine.runtimeArchive;
  await send(session, say, sha256, "runtime", options);
  await command(session, "runtime", installRuntimeCommand(id, sha256), options);
  say(session.machine.name, "runtime", `installed ${id.slice(0, 8)}`);
}

async function send(session: Session, say: Say, sha256: string, what: "runtime" | "release", options: StageOptions): Promise<void> {
  const path = findArchive(sha256);
  const bytes = statSync(path).size;
  const megabytes = (bytes / 1e6).toFixed(1);
  say(session.machine.name, what, `sending ${megabytes} MB`);
  await command(session, what, receiveCommand(sha256), { ...options, stdinFile: path });
  options.tell({ event: "sent", machine: session.machine.name, what, bytes });
}

async function command(session: Session, step: string, text: string, options: StageOptions & { stdinFile?: string }): Promise<void> {
  const { name } = session.machine;
  const { signal, stdinFile } = options;
  const input = stdinFile === undefined ? {} : { stdinFile };
  const result = await talk(name, step, () => session.connection.run(text, { signal, ...input }));
  if (result.code === 0) return;
  const full = /no space left/i.test(result.stderr);
  throw new FleetError(full ? `the disk is full (while receiving the ${step}).` : `"${step}" failed with exit code ${result.code}.`, {
    machine: name,
    log: result.stderr
      .split("\n")
      .filter((line) => line !== "")
      .slice(-8),
    kept: "everything that runs; only a half-sent file was removed.",
    next: full
      ? "make room on the machine (df -h; journalctl --vacuum-size=100M), then run the same command again."
      : "see the lines above, then run the same command again.",
  });
}
