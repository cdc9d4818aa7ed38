/** What a recovery may do, by what was seen before it. Pure. */
import type { MachineClock, MachineSight } from "./sight.ts";
import type { Pins } from "./pins.ts";
import type { NamedSet } from "./set.ts";

/** A certificate that isn't valid yet, or a log that can't be told in order, are what comes of more (issue 8). */
export const MAX_SKEW_MS = 5_000;

export interface Evidence {
  chosen: NamedSet;
  pins: Pins;
  /** Whether the operator named the release: then what the fleet runs now is known to differ. */
  named: boolean;
  sights: readonly MachineSight[];
  /** When a recovery from this set first began here: what was changed since is its own work; null when none has. */
  begunMs: number | null;
  /** How far the store's clock is ahead of ours, as far as it can be told. */
  storeSkewMs: number;
}

export interface Judgement {
  /** Why it must not go on. */
  refusals: string[];
  /** What somebody must agree to, as it touches what is alive. */
  touches: string[];
  warnings: string[];
  /** What will be done with each machine, a line each. */
  machines: string[];
}

export function judge(evidence: Evidence): Judgement {
  const views = evidence.sights.map((sight) => viewOf(evidence, sight));
  return {
    refusals: views.flatMap(({ refusal }) => refusal ?? []),
    touches: views.flatMap(({ touch }) => touch ?? []),
    warnings: [...storeClock(evidence.storeSkewMs), ...views.flatMap(({ warning }) => warning ?? [])],
    machines: views.map(({ line }) => line),
  };
}

interface View {
  line: string;
  refusal?: string;
  touch?: string;
  warning?: string;
}

function viewOf(evidence: Evidence, sight: MachineSight): View {
  const { name, address, standing } = sight;
  const at = `${name} (${address})`;
  if (standing.state === "absent") return { line: `${name}: will be made` };
  if (standing.state === "silent") return { line: `${at}: doesn't answer (${standing.why})`, refusal: gone(at, standing.why) };
  if (standing.state === "refused") return { line: `${at}: ${standing.why}`, refusal: gone(at, standing.why) };
  const warning = machineClock(at, standing.skewMs);
  if (standing.state === "empty") return { line: `${at}: answers, and nothing of the app is on it: gets everything`, ...warning };
  return { ...aliveView(evidence, sight, at), ...warning };
}

const gone = (at: string, why: string): string =>
  `${at} can't be used: ${why}. Rebuild it and pin its new host key, or name other machines: --machines FILE`;

function aliveView({ chosen, pins, named, begunMs }: Evidence, sight: MachineSight, at: string): View {
  const { fleet, standing } = sight;
  if (standing.state !== "alive") throw new Error("asked of a machine that isn't alive");
  const wanted = pins.fleets[fleet]?.release.id;
  const runs = standing.release.slice(0, 8);
  const newer = newerThan(chosen, begunMs, sight);
  if (standing.release === wanted) {
    const line = `${at}: alive, on ${runs}: adopted, not restarted`;
    return newer === undefined ? { line } : { line, touch: `${at} ${newer}` };
  }
  if (newer !== undefined && !named) return { line: `${at}: alive, on ${runs}`, refusal: `${at} ${newer}` };
  const touch = `${at} serves release ${runs}, and will be switched to ${wanted?.slice(0, 8)}`;
  return { line: `${at}: alive, on ${runs}: will be switched to ${wanted?.slice(0, 8)}`, touch };
}

/** Something went onto the machine that the store doesn't know: recovering would take the fleet back. */
function newerThan({ id, set }: NamedSet, begunMs: number | null, { fleet, standing }: MachineSight): string | undefined {
  if (standing.state !== "alive") return undefined;
  const known = set.releases.some((release) => release.fleet === fleet && release.id === standing.release);
  if (!known) return `runs release ${standing.release.slice(0, 8)}, which set ${id} doesn't know: the store is older than the fleet`;
  if (standing.changedAtMs === null) return undefined;
  const changedMs = standing.changedAtMs - standing.skewMs;
  if (changedMs <= Date.parse(set.createdAt) + MAX_SKEW_MS || (begunMs !== null && changedMs > begunMs - MAX_SKEW_MS)) return undefined;
  return `was changed at ${new Date(changedMs).toISOString()}, after set ${id}: the store is older than the fleet`;
}

/** What is wrong with the clocks of machines that run. Pure. */
export function judgeClocks(clocks: readonly MachineClock[]): string[] {
  return clocks.flatMap(({ name, address, skewMs }) => machineClock(`${name} (${address})`, skewMs).warning ?? []);
}

function machineClock(at: string, skewMs: number): { warning?: string } {
  return Math.abs(skewMs) <= MAX_SKEW_MS ? {} : { warning: `CLOCK: ${at} is ${told(skewMs)} this computer: set one of them right` };
}

function storeClock(skewMs: number): string[] {
  if (Math.abs(skewMs) <= MAX_SKEW_MS) return [];
  return [`CLOCK: the store is ${told(skewMs)} this computer: set one of them right, or ages and certificates are wrong`];
}

const told = (skewMs: number): string => `${(Math.abs(skewMs) / 1000).toFixed(0)} s ${skewMs > 0 ? "ahead of" : "behind"}`;
