/**
 * How the fuzz tests run: many cases, in `npm test` always the same ones, so that a commit that passed doesn't fail tomorrow.
 * `FUZZ_SEED=random` looks for new ones; a failure names its seed.
 */
import fc from "fast-check";

/** Of each property. `FUZZ_RUNS` for more. */
const RUNS = Number(process.env.FUZZ_RUNS ?? 10_000);
const FIXED_SEED = 20_261_128;
const asked = process.env.FUZZ_SEED ?? String(FIXED_SEED);
const SEED = asked === "random" ? Date.now() % 2 ** 31 : Number(asked);

const parameters = (property: string) => ({
  numRuns: RUNS,
  seed: SEED,
  reporter: (details: fc.RunDetails<unknown>) => {
    if (!details.failed) return;
    throw new Error(`${property}: again with FUZZ_SEED=${SEED} (path ${details.counterexamplePath})\n${fc.defaultReportMessage(details)}`, {
      cause: details.errorInstance,
    });
  },
});

export function fuzz<T>(property: string, arbitrary: fc.Arbitrary<T>, check: (value: T) => void): void {
  fc.assert(fc.property(arbitrary, check), parameters(property) as fc.Parameters<[T]>);
}

export async function fuzzAsync<T>(property: string, arbitrary: fc.Arbitrary<T>, check: (value: T) => Promise<void>): Promise<void> {
  await fc.assert(fc.asyncProperty(arbitrary, check), parameters(property) as fc.Parameters<[T]>);
}

/** Anything that JSON can say, and keys that JavaScript treats specially. */
export const anyJson = fc.jsonValue({ maxDepth: 3, stringUnit: "binary" });
const junk = fc.oneof(
  anyJson,
  fc.constantFrom<unknown>(null, "", 0, -1, 1e308, 2 ** 53, [], {}, "\0", "../..", "a".repeat(10_000), "constructor", [[[]]]),
  fc.constantFrom("__proto__", "constructor", "toString").map((key) => JSON.parse(`{"${key}":{"x":1}}`) as unknown),
);

/** A good value with some of its parts, wherever they are, changed, removed or joined by surplus keys. */
export function spoiled(good: unknown): fc.Arbitrary<unknown> {
  const change = fc.record({
    at: fc.nat(),
    how: fc.constantFrom("replace", "remove", "add"),
    value: junk,
    key: fc.oneof(fc.string(), fc.constantFrom("__proto__", "constructor", "toString", "name")),
  });
  return fc.array(change, { minLength: 0, maxLength: 4 }).map((changes) => {
    const root = { it: structuredClone(good) };
    for (const { at, how, value: shared, key } of changes) {
      // Put in twice, it could come to hold itself.
      const value = structuredClone(shared);
      const places = placesOf(root);
      const place = places[at % places.length];
      if (place === undefined) continue;
      const [parent, name] = place;
      const found = parent[name];
      if (how === "replace") define(parent, name, value);
      else if (how === "add" && takes(found, key)) define(found, key, value);
      else delete parent[name];
    }
    return root.it;
  });
}

/** A list's length is none of its keys. */
function takes(found: unknown, key: string): found is Record<string, unknown> {
  return typeof found === "object" && found !== null && !(Array.isArray(found) && key === "length");
}

/** As JSON.parse does: also `__proto__` becomes a key. */
function define(parent: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(parent, name, { value, enumerable: true, configurable: true, writable: true });
}

function placesOf(value: unknown): [Record<string, unknown>, string][] {
  if (typeof value !== "object" || value === null) return [];
  const parent = value as Record<string, unknown>;
  return Object.keys(parent).flatMap((name) => [[parent, name] as [Record<string, unknown>, string], ...placesOf(parent[name])]);
}
