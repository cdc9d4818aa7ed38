/** Which generations and releases go. Pure. */
import type { StoredGeneration } from "./generations.ts";

/** Enough to go back twice. */
export const KEEP = 3;

export interface PrunePlan {
  generations: string[];
  releases: string[];
}

/**
 * @param needed Generations that stay in any case: live, previous, under way.
 * @param releases All release folders.
 */
export function planPrune(generations: StoredGeneration[], releases: string[], needed: string[], keep = KEEP): PrunePlan {
  const rank = ({ generation, madeAtMs }: StoredGeneration) => (needed.includes(generation) ? Number.POSITIVE_INFINITY : madeAtMs);
  const ordered = generations.toSorted((a, b) => (rank(a) === rank(b) ? 0 : rank(a) < rank(b) ? 1 : -1));
  const stays = (entry: StoredGeneration, index: number) => index < keep || needed.includes(entry.generation);
  const kept = ordered.filter(stays);
  return {
    generations: ordered.filter((entry, index) => !stays(entry, index)).map(({ generation }) => generation),
    releases: releases.filter((id) => !kept.some(({ release }) => release === id)),
  };
}
