/** On which release a fleet is after a rollout has failed. Pure. */
import { short } from "./changes.ts";
import type { Observation } from "./observation.ts";

export interface Sight {
  machine: string;
  app: string;
  /** Undefined when it could not be asked in time. */
  seen: Observation | undefined;
}

/**
 * One line: `The fleet is on release 1a2b3c4d.`, or who is on what. A switch that waits for its lease to run out is told as such.
 * @param leaseMs within which a machine that can't be asked goes back by itself
 */
export function standingOf(sights: readonly Sight[], leaseMs: number): string {
  const groups = new Map<string, string[]>();
  for (const sight of sights) {
    const at = placeOf(sight);
    groups.set(at, [...(groups.get(at) ?? []), sight.machine]);
  }
  const unknown = groups.get(UNKNOWN) ?? [];
  groups.delete(UNKNOWN);
  const within = `${Math.ceil(leaseMs / 1000)} s`;
  const back =
    unknown.length === 0 ? "" : ` ${unknown.join(", ")} can't be asked; what was switched there goes back by itself within ${within}.`;
  const [only] = groups.keys();
  if (only === undefined) return `What the fleet runs is not known:${back}`;
  if (groups.size === 1) return `The fleet is on ${only}.${back}`;
  return `The fleet is on ${[...groups].map(([at, names]) => `${at} (${names.join(", ")})`).join(" and ")}.${back}`;
}

const UNKNOWN = "unknown";

function placeOf({ app, seen }: Sight): string {
  if (seen?.state !== "reachable") return UNKNOWN;
  const status = seen.apps.find((candidate) => candidate.app === app);
  if (status === undefined || (status.generation === "" && status.unconfirmed === null)) return "no release yet";
  return `release ${short(status.release)}${status.unconfirmed === null ? "" : ", not confirmed"}`;
}
