/** The globs of `assetPaths` and `archivePaths`. Their language: https://github.com/gobwas/glob, with `/` as separator. */

/** Paths, relative to the folder, that the patterns choose: evaluated in order, `!` takes out again. */
export function choose(paths: readonly string[], patterns: readonly string[]): string[] {
  const rules = patterns.map((pattern) => {
    const excludes = pattern.startsWith("!");
    return { excludes, matches: expression(excludes ? pattern.slice(1) : pattern) };
  });
  return paths.filter((path) => {
    let chosen = false;
    for (const rule of rules) if (rule.matches.test(path)) chosen = !rule.excludes;
    return chosen;
  });
}

/** A glob as a regular expression over the whole path. @throws Error for a class or an alternative that is not closed. */
export function expression(glob: string): RegExp {
  let source = "";
  let alternatives = 0;
  for (let at = 0; at < glob.length; at++) {
    const character = glob[at] as string;
    if (character === "*") {
      const any = glob[at + 1] === "*";
      if (any) at++;
      source += any ? ".*" : "[^/]*";
    } else if (character === "?") {
      source += "[^/]";
    } else if (character === "[") {
      const end = glob.indexOf("]", at + 1);
      if (end < 0) throw new Error(`the pattern '${glob}' has a '[' without its ']'`);
      source += characterClass(glob.slice(at + 1, end));
      at = end;
    } else if (character === "{") {
      alternatives++;
      source += "(?:";
    } else if (character === "}" && alternatives > 0) {
      alternatives--;
      source += ")";
    } else if (character === "," && alternatives > 0) {
      source += "|";
    } else {
      source += literal(character === "\\" ? (glob[++at] ?? "\\") : character);
    }
  }
  if (alternatives > 0) throw new Error(`the pattern '${glob}' has a '{' without its '}'`);
  return new RegExp(`^${source}$`, "s");
}

const literal = (character: string): string => character.replace(/[\\^$.*+?()[\]{}|/]/, "\\$&");

function characterClass(body: string): string {
  const negated = body.startsWith("!");
  const members = (negated ? body.slice(1) : body).replace(/[\\\]^]/g, "\\$&");
  return `[${negated ? "^" : ""}${members}]`;
}
