/** The end of a rollout for certificates: those still to come are waited for a little and told, those that came are backed up. */
import { setTimeout as sleep } from "node:timers/promises";
import type { CertificateReport } from "../../runtime/report.ts";
import type { Session } from "./agent.ts";
import { backUp } from "./acme-backups.ts";
import type { Observation } from "./observation.ts";
import type { Plan, PlannedMachine } from "./plan.ts";
import type { Say } from "./progress.ts";

/** An order takes an issuer a few seconds. Nothing hangs on it: the release is live by then. */
const WAIT_MS = 20_000;
const PAUSE_MS = 1_000;

export type Sights = Map<Session, Observation>;

/** What a machine says of its certificates. Pure. */
export function certificatesOf(machine: Pick<PlannedMachine, "manifest">, seen: Observation | undefined): CertificateReport[] {
  if (seen?.state !== "reachable") return [];
  return seen.apps.find(({ app }) => app === machine.manifest.app.name)?.certificates ?? [];
}

/** Still to come, and no attempt has failed yet. Pure. */
export function isUnderWay(reports: readonly CertificateReport[]): boolean {
  return reports.some(({ state, error }) => state === "pending" && error === null);
}

/**
 * @param look asks all machines again
 * @returns what was seen last
 */
export async function settleCertificates(
  plan: Plan,
  say: Say,
  seen: Sights,
  look: () => Promise<Sights>,
  signal: AbortSignal,
): Promise<Sights> {
  let last = seen;
  const untilMs = performance.now() + WAIT_MS;
  const waits = () =>
    [...last].some(([{ machine }, sight]) => machine.manifest.https.mode === "acme" && isUnderWay(certificatesOf(machine, sight)));
  while (waits() && performance.now() < untilMs && !signal.aborted) {
    await sleep(PAUSE_MS, undefined, { signal }).catch(() => undefined);
    last = await look();
  }
  for (const [{ machine }, sight] of last)
    for (const line of certificateLines(certificatesOf(machine, sight))) say(machine.name, "certificate", line);
  const kept = [...last].map(([{ machine, connection }, sight]) =>
    // The rollout has done its work: what can't be kept now, the next run keeps.
    backUp(plan, machine, sight, () => connection).catch(() =>
      say(machine.name, "certificate", "not backed up; the next `up` tries again"),
    ),
  );
  await Promise.all(kept);
  return last;
}

/** For people; nothing where all is well. Pure. */
export function certificateLines(reports: readonly CertificateReport[]): string[] {
  return reports.flatMap(({ name, state, error }) => {
    if (state === "pending") return [`${name}: none yet${error === null ? "; it is being ordered" : `: ${error}`}. Caddy goes on trying`];
    return error === null ? [] : [`${name}: the last renewal failed, the one before goes on serving: ${error}`];
  });
}
