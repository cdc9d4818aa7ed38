/** The text of a manifest in the bucket: a group's is one for all its machines; machines with names have a line each. Pure. */

/** A line of a machine with a name, as its script finds it. @param manifest a group's, on one line, with its line break */
export const namedLine = (machine: string, manifest: string): string => `${machine} ${manifest}`;

/** Every manifest in it. @throws SyntaxError when it isn't such a text */
export function manifestsIn(text: string): unknown[] {
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line.replace(/^[a-z0-9-]+ (?=\{)/, "")) as unknown);
}
