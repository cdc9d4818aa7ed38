/** The manifest as it comes in on stdin, alone or with the values of its secrets: everything wrong with it is told at once. */
import { givenTlsSchema } from "../https.ts";
import { type Manifest, manifestSchema } from "../manifest.ts";
import { agentExit } from "../report.ts";
import { secretKeySchema, secretsTotalProblem, secretValueProblem } from "../secrets.ts";
import * as z from "../zod.ts";
import { AgentFailure } from "./failure.ts";
import type { GivenSecrets } from "./given-secrets.ts";

export interface Input {
  manifest: Manifest;
  secrets: GivenSecrets;
}

export type ManifestInput = Input | { problems: string[] };

/** A manifest, and beside it what must not be in it. */
const envelopeSchema = z.strictObject({
  manifest: manifestSchema,
  secrets: z._default(z.record(z.string(), z.string()), {}),
  secretKey: z.optional(secretKeySchema),
  tls: z.optional(givenTlsSchema),
});

/** Pure. A problem reads `app.processes[0].health.path: a path starting with "/"`. */
export function readManifest(text: string): ManifestInput {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return {
      problems: [text.trim() === "" ? "stdin is empty: the manifest is expected there" : notJson(error as Error)],
    };
  }
  const enveloped = typeof value === "object" && value !== null && "manifest" in value;
  const parsed = envelopeSchema.safeParse(enveloped ? value : { manifest: value });
  if (!parsed.success) {
    const issues = parsed.error.issues.map((issue) => (enveloped ? issue : inManifest(issue)));
    return { problems: issues.flatMap(describeIssue) };
  }
  const { manifest, secrets: values, secretKey: key, tls } = parsed.data;
  const problems = [...environmentProblems(manifest.app.environment), ...secretProblems(manifest, values)];
  return problems.length > 0 ? { problems } : { manifest, secrets: { values, key, ...(tls === undefined ? {} : { tls }) } };
}

/** Node's message has a piece of the text in it, which may be one of a secret. */
function notJson({ message }: Error): string {
  const place = / at position \d+/.exec(message)?.[0] ?? "";
  return `not JSON${place}`;
}

const inManifest = (issue: Issue): Issue => ({ ...issue, path: issue.path.slice(1) });

/** @throws AgentFailure with exit code 2. */
export function requireInput(text: string): Input {
  const input = readManifest(text);
  if ("manifest" in input) return input;
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

function secretProblems({ app }: Manifest, values: GivenSecrets["values"]): string[] {
  const total = secretsTotalProblem(values);
  const each = Object.entries(values).flatMap(([name, value]) => {
    const problem = app.secrets?.[name] === undefined ? "the manifest has no such secret" : secretValueProblem(value);
    return problem === undefined ? [] : [`secrets.${name}: ${problem}`];
  });
  return total === undefined ? each : [...each, `secrets: they ${total}`];
}
