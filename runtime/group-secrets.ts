/** What a group's machine asks AWS for its secrets, and what values the answers hold. Pure. */
import type { GroupSecrets } from "./group.ts";
import type { SecretReference } from "./secret-references.ts";
import { type SecretValues, secretValueProblem } from "./secrets.ts";
import * as z from "./zod.ts";

/** One request of AWS's JSON protocol. */
export interface SecretRead {
  /** What its answer is called. */
  file: string;
  service: "secretsmanager" | "ssm";
  /** The header `x-amz-target`. */
  target: string;
  body: string;
  /** The secrets that are in its answer. */
  names: string[];
}

type Answers = Readonly<Record<string, string>>;
type Question = Pick<SecretRead, "service" | "target" | "body">;
type Source = SecretReference | { stored: NonNullable<GroupSecrets["stored"]> };

/** Each request once, however many secrets are in its answer. */
export function secretReads(secrets: GroupSecrets | undefined): SecretRead[] {
  const reads = new Map<string, SecretRead>();
  for (const [name, source] of sources(secrets)) {
    const question = questionOf(source);
    const read = reads.get(question.body) ?? { file: String(reads.size), ...question, names: [] };
    read.names.push(name);
    reads.set(question.body, read);
  }
  return [...reads.values()];
}

/**
 * The values by name, and what is wrong with the others, without a word of what the answers hold.
 *
 * @param answers by the reads' `file`
 */
export function readValues(secrets: GroupSecrets | undefined, answers: Answers): { values: SecretValues; problems: string[] } {
  const files = new Map(secretReads(secrets).flatMap(({ file, names }) => names.map((name) => [name, file])));
  const found = sources(secrets).map(([name, source]) => ({ name, ...valueIn(answers[files.get(name) ?? ""], source, name) }));
  return {
    values: Object.fromEntries(found.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]]))),
    problems: found.flatMap(({ name, problem }) => (problem === undefined ? [] : [`${name}: ${problem}`])),
  };
}

function sources(secrets: GroupSecrets | undefined): [string, Source][] {
  if (secrets === undefined) return [];
  const { as, references, stored } = secrets;
  return Object.keys(as).flatMap((name): [string, Source][] => {
    const reference = references[name];
    if (reference !== undefined) return [[name, reference]];
    return stored === undefined ? [] : [[name, { stored }]];
  });
}

function questionOf(source: Source): Question {
  if ("ssmParameter" in source) {
    return { service: "ssm", target: "AmazonSSM.GetParameter", body: JSON.stringify({ Name: source.ssmParameter, WithDecryption: true }) };
  }
  const [SecretId, VersionId] = "stored" in source ? [source.stored.arn, source.stored.versionId] : [source.secretsManager, source.version];
  return { service: "secretsmanager", target: "secretsmanager.GetSecretValue", body: JSON.stringify({ SecretId, VersionId }) };
}

interface Found {
  value?: string;
  problem?: string;
}

const secretAnswer = z.object({ SecretString: z.string() });
const parameterAnswer = z.object({ Parameter: z.object({ Value: z.string() }) });

function valueIn(answer: string | undefined, source: Source, name: string): Found {
  if (answer === undefined) return { problem: "there is no answer about it" };
  if ("ssmParameter" in source) {
    return checked(parameterAnswer.safeParse(parseJson(answer)).data?.Parameter.Value, `${source.ssmParameter} has no text`);
  }
  const text = secretAnswer.safeParse(parseJson(answer)).data?.SecretString;
  if ("stored" in source) return checked(field(text, name), "Secrets Manager has no value for it");
  const { secretsManager: arn, key } = source;
  if (key === undefined) return checked(text, `${arn} has no text; one of bytes can't be used`);
  return checked(field(text, key), `${arn} is no JSON object with a text or a number at "${key}"`);
}

function checked(value: string | undefined, missing: string): Found {
  if (value === undefined) return { problem: missing };
  const problem = secretValueProblem(value);
  return problem === undefined ? { value } : { problem: `what is kept ${problem}` };
}

/** Databases' secrets have their port as a number. */
const fieldsSchema = z.record(z.string(), z.unknown());
const scalarSchema = z.union([z.string(), z.number(), z.boolean()]);

function field(text: string | undefined, key: string): string | undefined {
  const fields = fieldsSchema.safeParse(text === undefined ? undefined : parseJson(text)).data ?? {};
  const value = Object.hasOwn(fields, key) ? scalarSchema.safeParse(fields[key]).data : undefined;
  return value === undefined ? undefined : String(value);
}

/** Errors of JSON repeat a piece of the text, and so of a value. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
