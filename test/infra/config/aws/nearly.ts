import fc from "fast-check";

/** Any value, and often one that is nearly right. */
export function nearly(value: unknown): fc.Arbitrary<unknown> {
  const other = { arbitrary: fc.anything(), weight: 1 };
  if (Array.isArray(value)) return fc.oneof({ arbitrary: fc.tuple(...value.map(nearly)), weight: 12 }, other);
  if (typeof value !== "object" || value === null) return fc.oneof({ arbitrary: fc.constant(value), weight: 12 }, other);
  const keys = Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, nearly(inner)]));
  // Whole ones by far the most: with any key left out by chance hardly one of hundreds would be right.
  return fc.oneof({ arbitrary: fc.record(keys), weight: 12 }, { arbitrary: fc.record(keys, { requiredKeys: [] }), weight: 1 }, other);
}
