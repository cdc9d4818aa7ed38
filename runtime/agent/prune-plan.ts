/** Which generations, releases and packages go. Pure. */
import type { StoredGeneration } from "./generations.ts";

/** How many generations a machine keeps, the live one among them. */
export const KEEP = 5;

/** A bundle that was installed just now may be for a rollout that hasn't staged its generation yet. */
const FRESH_MS = 10 * 60_000;

export interface PrunePlan {
  generations: string[];
  releases: string[];
  packages: string[];
}

/** What lies there: all folders. */
export interface Stored {
  releases: string[];
  packages: string[];
}

/**
 * @param needed Generations that stay in any case: live, previous, under way.
 */
export function planPrune(generations: StoredGeneration[], { releases, packages }: Stored, needed: string[], keep = KEEP): PrunePlan {
  const rank = ({ generation, madeAtMs }: StoredGeneration) => (needed.includes(generation) ? Number.POSITIVE_INFINITY : madeAtMs);
  const ordered = generations.toSorted((a, b) => (rank(a) === rank(b) ? 0 : rank(a) < rank(b) ? 1 : -1));
  const stays = (entry: StoredGeneration, index: number) => index < keep || needed.includes(entry.generation);
  const kept = ordered.filter(stays);
  return {
    generations: ordered.filter((entry, index) => !stays(entry, index)).map(({ generation }) => generation),
    releases: releases.filter((id) => !kept.some(({ release }) => release === id)),
    packages: packages.filter((id) => !kept.some((entry) => entry.packages === id)),
  };
}

/**
 * Which runtime bundles go.
 * @param nowMs on the same clock as the folders' times: both are the machine's own
 */
export function planRuntimes(bundles: { id: string; changedAtMs: number }[], used: string[], nowMs: number): string[] {
  return bundles.filter(({ id, changedAtMs }) => !used.includes(id) && Math.abs(nowMs - changedAtMs) > FRESH_MS).map(({ id }) => id);
}
