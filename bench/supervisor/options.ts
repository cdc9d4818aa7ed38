/** The command line of `npm run bench:supervisor`. */
import { parseArgs } from "node:util";

export interface Options {
  /** Numbers of the points to run. */
  readonly only: readonly number[];
  readonly quick: boolean;
  readonly repeat: number;
  /** Where to write all that was measured; null: nowhere. */
  readonly json: string | null;
}

export const USAGE = `npm run bench:supervisor -- [--only 1,3] [--quick] [--repeat N] [--json FILE]

  --only     points to run: 1 throughput, 2 reloads, 3 killed workers, 4 stuck and broken apps, 5 memory, 6 balance
  --quick    about 3 minutes in place of 12: shorter and fewer measurements
  --repeat   rounds of what is measured in pairs (default: 3, with --quick 2)
  --json     writes all samples there as well`;

/** @throws Error that says what is wrong */
export function parse(args: readonly string[], points: readonly number[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: { only: { type: "string" }, quick: { type: "boolean", default: false }, repeat: { type: "string" }, json: { type: "string" } },
  });
  const only = values.only === undefined ? points : values.only.split(",").map(Number);
  const unknown = only.filter((number) => !points.includes(number));
  if (unknown.length > 0) throw new Error(`--only ${values.only}: there is no such point; there are ${points.join(", ")}`);
  const repeat = Number(values.repeat ?? (values.quick ? 2 : 3));
  if (!Number.isInteger(repeat) || repeat < 1) throw new Error(`--repeat ${values.repeat}: it takes a whole number from 1`);
  return { only, quick: values.quick, repeat, json: values.json ?? null };
}
