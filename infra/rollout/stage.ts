/** Brings a machine everything it will need, touching nothing that runs. What is there already is not sent again. */
import { statSync } from "node:fs";
import { z } from "zod";
import type { GivenTls } from "../../runtime/https.ts";
import type { Manifest } from "../../runtime/manifest.ts";
import { type ReleasePart, releaseParts } from "../../runtime/report.ts";
import { FleetError } from "../errors.ts";
import { readBackup } from "./acme-backups.ts";
import { agent, type Session, talk } from "./agent.ts";
import { findArchive, hasArchive } from "./archives.ts";
import { forgetCommand, incomingPath, installRuntimeCommand, receiveCommand, useRuntimeCommand } from "./commands.ts";
import type { Reachable } from "./observation.ts";
import type { Tell } from "./events.ts";
import type { Plan, PlannedMachine } from "./plan.ts";
import { type Say, sizeText } from "./progress.ts";

export interface StageOptions {
  signal: AbortSignal;
  plan: Pick<Plan, "secrets" | "tls">;
  /** The rollout's name on the machines. */
  rollout: string;
  tell: Tell;
}

/** The archives that a machine was sent, by what is in them. */
export type Sent = Map<ReleasePart, string>;

/** Larger archives are sent only when the machine says that it lacks them, or is new: it may have them from before. */
const UNASKED_BYTES = 2 ** 20;

/** Sends what the machine will most likely ask for. @param seen what it said before the rollout began */
export async function sendAhead(session: Session, seen: Reachable, sent: Sent, say: Say, options: StageOptions): Promise<void> {
  for (const part of likelyLacks(session.machine, seen)) await sendPart(session, part, sent, say, options);
}

/** Release, then generation; the machine has its runtime. @param sent what it was sent already */
export async function stage(session: Session, sent: Sent, say: Say, options: StageOptions): Promise<void> {
  const { secrets, tls } = options.plan;
  const given = { signal: options.signal, secrets, tls: withBackup(tls, session.machine.name) };
  const ask = async (): Promise<ReleasePart[]> => {
    const paths = [...sent].flatMap(([part, sha256]) => [part === "release" ? "--archive" : "--packages", incomingPath(sha256)]);
    const { needs } = await agent(session, say, ["stage", "--rollout", options.rollout, ...paths], given);
    return z.array(z.enum(releaseParts)).parse(needs);
  };
  const needs = await ask();
  for (const part of needs) await sendPart(session, part, sent, say, options);
  if (needs.length > 0) requireNothing(session.machine.name, await ask());
}

/** Unpacked or refused, the next attempt sends it again: it would only fill the disk. Not ended by an interrupt. */
export async function forgetSent({ connection }: Session, sent: Sent): Promise<void> {
  if (sent.size > 0) await connection.run(forgetCommand([...sent.values()]), { timeoutMs: FORGET_MS }).catch(() => undefined);
}

const FORGET_MS = 10_000;

async function sendPart(session: Session, part: ReleasePart, sent: Sent, say: Say, options: StageOptions): Promise<void> {
  const { sha256 } = archiveOf(session.machine.manifest, part);
  sent.set(part, sha256);
  await send(session, say, sha256, part, options);
}

/**
 * What to send unasked, which saves a question: everything to a machine that never had an agent; the code, where it is small, to one
 * that serves another release of this app.
 */
function likelyLacks({ manifest: { app }, rollbackFrom }: PlannedMachine, { apps, runtimes }: Reachable): ReleasePart[] {
  const { archive, packages } = app.release;
  // One that isn't there may not be needed.
  if (rollbackFrom !== undefined || !hasArchive(archive.sha256)) return [];
  const isNew = runtimes.length === 0 && apps.length === 0;
  if (isNew) return packages !== undefined && hasArchive(packages.archive.sha256) ? ["packages", "release"] : ["release"];
  const other = apps.some((status) => status.app === app.name && status.release !== app.release.id);
  return other && archive.bytes <= UNASKED_BYTES ? ["release"] : [];
}

function archiveOf({ app: { release } }: Manifest, part: ReleasePart): Manifest["app"]["release"]["archive"] {
  const archive = part === "release" ? release.archive : release.packages?.archive;
  if (archive === undefined) throw new Error(`a machine asked for ${part}, which its manifest doesn't have`);
  return archive;
}

function requireNothing(machine: string, needs: readonly ReleasePart[]): void {
  if (needs.length === 0) return;
  throw new FleetError(`it still lacks what it was just sent (${needs.join(", ")}).`, {
    machine,
    kept: "everything; nothing was switched.",
    next: "run the same command again; if it happens again, see `journalctl -b` and `df -h` on the machine.",
  });
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
  if ((session.machine.agentRuntime !== undefined && seen.runtimes.includes(id)) || seen.currentRuntime === id) return;
  if (seen.runtimes.includes(id)) {
    await command(session, "runtime", useRuntimeCommand(id), options);
    return;
  }
  const { sha256 } = session.machine.runtimeArchive;
  await send(session, say, sha256, "runtime", options);
  await command(session, "runtime", installRuntimeCommand(id, sha256), options);
  say(session.machine.name, "runtime", `installed ${id.slice(0, 8)}`);
}

async function send(session: Session, say: Say, sha256: string, what: "runtime" | ReleasePart, options: StageOptions): Promise<void> {
  const path = findArchive(sha256);
  const bytes = statSync(path).size;
  say(session.machine.name, what, `sending ${sizeText(bytes)}`);
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
