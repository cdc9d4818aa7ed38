/** The manifest as it comes in on stdin: everything wrong with it is told at once. */
import { type Manifest, manifestSchema } from "../manifest.ts";
import { agentExit } from "../report.ts";
import { AgentFailure } from "./failure.ts";

export type ManifestInput = { manifest: Manifest } | { problems: string[] };

/** Pure. A problem reads `app.processes[0].health.path: a path starting with "/"`. */
export function readManifest(text: string): ManifestInput {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return {
      problems: [text.trim() === "" ? "stdin is empty: the manifest is expected there" : `not JSON: ${(error as Error).message}`],
    };
  }
  const parsed = manifestSchema.safeParse(value);
  if (!parsed.success) return { problems: parsed.error.issues.flatMap(describeIssue) };
  const problems = environmentProblems(parsed.data.app.environment);
  return problems.length > 0 ? { problems } : { manifest: parsed.data };
}

/** @throws AgentFailure with exit code 2. */
export function requireManifest(text: string): Manifest {
  const input = readManifest(text);
  if ("manifest" in input) return input.manifest;
  throw new AgentFailure(
    "manifest",
    `the manifest has ${input.problems.length === 1 ? "a problem" : `${input.problems.length} problems`}`,
    {
      kept: "everything; nothing was touched",
      next: "The manifest is written by Fleetwright: both sides must be of the same version.",
      log: input.problems,
      exitCode: agentExit.usage,
    },
  );
}

interface Issue {
  code?: string | undefined;
  path: PropertyKey[];
  message: string;
  keys?: string[];
}

function describeIssue(issue: Issue): string[] {
  if (issue.code === "unrecognized_keys") return (issue.keys ?? []).map((key) => `${keyPath([...issue.path, key])}: unknown key`);
  return [`${keyPath(issue.path)}: ${issue.message}`];
}

function keyPath(path: PropertyKey[]): string {
  if (path.length === 0) return "(the whole)";
  return path.map((key, index) => (typeof key === "number" ? `[${key}]` : `${index === 0 ? "" : "."}${String(key)}`)).join("");
}

/** A process's environment is made of C strings. */
function environmentProblems(environment: Record<string, string>): string[] {
  return Object.entries(environment)
    .filter(([, value]) => value.includes("\0"))
    .map(([name]) => `app.environment.${name}: a value can't contain a NUL character`);
}
