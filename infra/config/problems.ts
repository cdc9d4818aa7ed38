/** Turns what zod found into lines for people: key path, what was given, what is allowed, the mend. */
import type { z } from "zod";
import { keysAt } from "./keys.ts";

type Issue = z.core.$ZodIssue;

/** Every problem at once, one line each, in the order of the schema. */
export function problemLines(schema: z.ZodType, error: z.ZodError, input: unknown): string[] {
  return error.issues.flatMap((issue) => linesOf(schema, issue, input));
}

function linesOf(schema: z.ZodType, issue: Issue, input: unknown): string[] {
  const path = issue.path.filter((part) => typeof part !== "symbol");
  if (issue.code === "unrecognized_keys") {
    const known = keysAt(schema, path, input);
    return issue.keys.map((key) => `${keyPath([...path, key])}: unknown key; ${spellingHint(key, known)}`);
  }
  if (issue.code === "custom") return [`${keyPath(path)}: ${issue.message}`];
  const value = valueAt(input, path);
  if (value === undefined) return [`${keyPath(path)}: missing; it must be ${expected(issue)}`];
  return [`${keyPath(path)}: given ${given(input, path)}; allowed: ${expected(issue)}`];
}

function expected(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      return typeNames[issue.expected] ?? issue.expected;
    case "invalid_value":
      return issue.values.map((value) => JSON.stringify(value)).join(" or ");
    case "too_small":
      return issue.origin === "array" || issue.origin === "string"
        ? `at least ${issue.minimum} ${issue.origin === "string" ? "character" : "of them"}`
        : `${issue.minimum} or more`;
    case "too_big":
      return `${issue.maximum} or less`;
    case "invalid_union":
      return allowedByUnion(issue);
    default:
      return issue.message.replace(/^Invalid input: /, "");
  }
}

function allowedByUnion(issue: Extract<Issue, { code: "invalid_union" }>): string {
  if ("options" in issue && Array.isArray(issue.options)) return issue.options.map((option) => JSON.stringify(option)).join(" or ");
  return [...new Set(issue.errors.flatMap((branch) => branch.map(expected)))].join(", or ");
}

const typeNames: Record<string, string> = {
  string: "text",
  int: "a whole number",
  number: "a number",
  object: "a group of keys",
  record: "a group of keys",
  array: "a list",
  boolean: "true or false",
};

function keyPath(path: readonly (string | number)[]): string {
  return path.length === 0 ? "(the whole value)" : path.join(".");
}

function valueAt(input: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<string | number, unknown> | undefined)?.[key], input);
}

/** Secrets have no place in an error, so only short, plain values are repeated. */
function given(input: unknown, path: readonly (string | number)[]): string {
  const value = valueAt(input, path);
  if (
    /privateKey$|hmacKey|accountKey|secret|password|token/i.test(String(path.at(-1))) ||
    path.includes("own") ||
    path.includes("environment") ||
    path.includes("secrets")
  )
    return "a value that isn't repeated here";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "a group of keys";
  if (typeof value === "function") return "a function";
  // A program may give what JSON can't say, such as 1n or NaN.
  const text = typeof value === "string" ? JSON.stringify(value) : String(value ?? "nothing");
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function spellingHint(key: string, known: readonly string[]): string {
  const near = known.find((candidate) => distance(candidate, key) <= 2);
  return near === undefined ? `remove it; allowed: ${known.join(", ")}` : `did you mean "${near}"?`;
}

/** Levenshtein's distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
