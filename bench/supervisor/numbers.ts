/** Medians, shares and how numbers are written. Pure. */

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Nearest rank; NaN of nothing. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  if (sorted.length === 0) return Number.NaN;
  if (q === 0.5 && sorted.length % 2 === 0) return ((sorted[sorted.length / 2 - 1] ?? 0) + (sorted[sorted.length / 2] ?? 0)) / 2;
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length) - 1))] ?? Number.NaN;
}

/** Median of the ratios of each pair: what slowed the machine down in one round slowed both sides. */
export function pairedRatio(ours: readonly number[], theirs: readonly number[]): number {
  const ratios = ours.slice(0, theirs.length).map((value, round) => value / (theirs[round] ?? Number.NaN));
  return median(ratios);
}

/** Percentages of a whole, the greatest first; workers that got nothing count, too. */
export function shares(counts: readonly number[], workers: number): number[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const all = [...counts, ...Array<number>(Math.max(0, workers - counts.length)).fill(0)];
  return all.map((count) => (total === 0 ? 0 : (100 * count) / total)).sort((a, b) => b - a);
}

/** Three significant digits are all that such measurements have. */
export function text(value: number, digits = 3): string {
  if (Number.isNaN(value)) return "-";
  if (Math.abs(value) >= 10 ** digits) return String(Math.round(value));
  return String(Number(value.toPrecision(digits)));
}

/** `12 ms`, `1.5 s`. */
export function duration(ms: number): string {
  if (Number.isNaN(ms)) return "-";
  return ms >= 10_000 ? `${text(ms / 1000)} s` : `${text(ms)} ms`;
}
