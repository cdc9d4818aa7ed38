/** IPv4 ranges as AWS takes them. Pure. */

export interface Cidr {
  /** First address as a number. */
  first: number;
  /** Last address as a number. */
  last: number;
  /** Length of the prefix: 16 in `10.0.0.0/16`. */
  prefix: number;
}

/** Reads `10.0.0.0/16`; undefined for anything else, also for a range that doesn't begin at its first address, which AWS refuses. */
export function parseCidr(text: string): Cidr | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text);
  if (match === null) return undefined;
  const [a = 0, b = 0, c = 0, d = 0, prefix = 0] = match.slice(1).map(Number);
  if ([a, b, c, d].some((part) => part > 255) || prefix > 32) return undefined;
  const size = 2 ** (32 - prefix);
  const first = ((a * 256 + b) * 256 + c) * 256 + d;
  return first % size === 0 ? { first, last: first + size - 1, prefix } : undefined;
}

export function overlap(a: Cidr, b: Cidr): boolean {
  return a.first <= b.last && b.first <= a.last;
}

export function contains(outer: Cidr, inner: Cidr): boolean {
  return outer.first <= inner.first && inner.last <= outer.last;
}
