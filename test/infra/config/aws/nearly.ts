import fc from "fast-check";

/** Any value, and often one that is nearly right. @param anything in its place */
export function nearly(value: unknown, anything: fc.Arbitrary<unknown> = fc.anything()): fc.Arbitrary<unknown> {
  const other = { arbitrary: anything, weight: 1 };
  const again = (inner: unknown): fc.Arbitrary<unknown> => nearly(inner, anything);
  if (Array.isArray(value)) return fc.oneof({ arbitrary: fc.tuple(...value.map(again)), weight: 12 }, other);
  if (typeof value !== "object" || value === null) return fc.oneof({ arbitrary: fc.constant(value), weight: 12 }, other);
  const keys = Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, again(inner)]));
  // Whole ones by far the most: with any key left out by chance hardly one of hundreds would be right.
  return fc.oneof({ arbitrary: fc.record(keys), weight: 12 }, { arbitrary: fc.record(keys, { requiredKeys: [] }), weight: 1 }, other);
}
