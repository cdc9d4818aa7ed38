/** Which licences we ship or build with. Pure. */

/** SPDX ids that ask for no more than naming the authors; each new one is a decision. */
const ALLOWED = new Set([
  "0BSD", "Apache-2.0", "BlueOak-1.0.0", "BSD-2-Clause", "BSD-3-Clause", "CC-BY-3.0", "CC0-1.0", "ISC", "MIT", "MIT-0", "Python-2.0",
  "Unlicense",
]); // prettier-ignore

/** Packages that name no SPDX id, by name: read by a person, in the LICENSE file of the package. */
const READ_BY_HAND: Readonly<Record<string, string>> = { "@logdna/tail-file": "MIT" };

export interface Licensed {
  name: string;
  version: string;
  /** As package.json has it: an id, an expression, or the older forms with an object or a list. */
  license?: unknown;
  licenses?: unknown;
}

/** The licence as one SPDX expression; undefined where none is named. */
export function licenceOf({ name, license, licenses }: Licensed): string | undefined {
  const byHand = READ_BY_HAND[name];
  if (byHand !== undefined) return byHand;
  const named = [license ?? licenses].flat().map((one) => (typeof one === "string" ? one : (one as { type?: string } | undefined)?.type));
  return named.every((one) => typeof one === "string" && one !== "") ? named.join(" OR ") : undefined;
}

/** @returns why it is refused, or undefined. Of `OR` one allowed licence is enough, of `AND` every one has to be. */
export function licenceProblem(part: Licensed): string | undefined {
  const licence = licenceOf(part);
  const what = `${part.name} ${part.version}`;
  if (licence === undefined) return `${what} names no licence`;
  const choices = licence
    .replaceAll(/[()]/g, "")
    .split(" OR ")
    .map((choice) => choice.split(" AND "));
  return choices.some((all) => all.every((id) => ALLOWED.has(id.trim())))
    ? undefined
    : `${what} has the licence ${licence}, which isn't on the list`;
}
