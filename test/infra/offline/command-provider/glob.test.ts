import assert from "node:assert/strict";
import { test } from "node:test";
import { choose, expression } from "../../../../infra/offline/command-provider/glob.ts";

test("the example of the published documentation", () => {
  const paths = ["assets/logos/logo.svg", "src/index.js", "src/secret.js"];
  assert.deepEqual(choose(paths, ["assets/**", "src/**.js", "!**secret.*"]), ["assets/logos/logo.svg", "src/index.js"]);
});

test("rules are evaluated in order, so a later one takes in again", () => {
  assert.deepEqual(choose(["a.txt", "b.txt"], ["*", "!a.*", "a.txt"]), ["a.txt", "b.txt"]);
});

const cases: [glob: string, matches: string[], misses: string[]][] = [
  ["*.txt", ["a.txt", ".txt"], ["d/a.txt", "a.txt2", "atxt"]],
  ["a?c", ["abc"], ["a/c", "ac"]],
  ["[a-c]x", ["ax", "cx"], ["dx"]],
  ["[!a-c]x", ["dx"], ["ax"]],
  ["{a,b*}.js", ["a.js", "bcd.js"], ["c.js"]],
  ["a\\*", ["a*"], ["ab"]],
  ["a+(b)", ["a+(b)"], ["aab"]],
];
for (const [glob, matches, misses] of cases) {
  test(`the glob ${glob}`, () => {
    for (const path of matches) assert.match(path, expression(glob));
    for (const path of misses) assert.doesNotMatch(path, expression(glob));
  });
}

test("a class or an alternative that isn't closed is an error", () => {
  assert.throws(() => expression("a[b"), /without its '\]'/);
  assert.throws(() => expression("{a,b"), /without its '}'/);
});
