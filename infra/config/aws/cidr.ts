/** IPv4 ranges as AWS takes them. Pure. */
import { isIPv4 } from "node:net";

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
  const [, address = "", length = ""] = /^([^/]+)\/(\d{1,2})$/.exec(text) ?? [];
  const prefix = Number(length);
  if (!isIPv4(address) || prefix > 32) return undefined;
  const size = 2 ** (32 - prefix);
  const first = address.split(".").reduce((number, part) => number * 256 + Number(part), 0);
  return first % size === 0 ? { first, last: first + size - 1, prefix } : undefined;
}

export function overlap(a: Cidr, b: Cidr): boolean {
  return a.first <= b.last && b.first <= a.last;
}

export function contains(outer: Cidr, inner: Cidr): boolean {
  return outer.first <= inner.first && inner.last <= outer.last;
}
