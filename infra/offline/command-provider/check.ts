/** Checks inputs against the schema, fills in its defaults and marks what it calls secret. Pure. */
import { type Field, type Fields, loggingValues, nested } from "./schema.ts";
import { isMap, isSecret, isSource, isUnknown, open, secret, type Wire, type WireMap } from "./wire.ts";

export interface Failure {
  property: string;
  reason: string;
}

/** The inputs as they shall be kept, and every problem at once. Unknown values pass: they are checked again in the update. */
export function check(fields: Fields, given: WireMap): { inputs: WireMap; failures: Failure[] } {
  const failures: Failure[] = [];
  const inputs = object(fields, given, "", (property, reason) => failures.push({ property, reason }));
  return { inputs, failures };
}

type Report = (property: string, reason: string) => void;

function object(fields: Fields, given: WireMap, path: string, report: Report): WireMap {
  const result: WireMap = {};
  for (const [name, value] of Object.entries(given)) {
    const field = fields[name];
    // The engine adds entries of its own, such as `__defaults`.
    if (name === "version" || name.startsWith("__")) continue;
    if (field === undefined) report(path + name, `there is no property '${path + name}'`);
    else if (value !== null) result[name] = one(field, value, path + name, report);
  }
  for (const [name, field] of Object.entries(fields)) {
    if (result[name] !== undefined) continue;
    if (field.default !== undefined) result[name] = field.default;
    if (field.required) report(path + name, `missing required property '${path + name}'`);
  }
  return result;
}

function one(field: Field, value: Wire, path: string, report: Report): Wire {
  const inner = open(value) ?? null;
  let checked = inner;
  if (isUnknown(inner)) {
    // Known only in the update, which checks it.
  } else if ((field.kind === "connection" || field.kind === "proxy") && isMap(inner)) {
    checked = object(nested[field.kind], inner, `${path}.`, report);
  } else if (!matches(field, inner)) {
    report(path, `'${path}' should be ${expected[field.kind]}`);
  } else if (isSecret(value)) {
    return value;
  } else {
    checked = value;
  }
  return field.secret || isSecret(value) ? secret(checked) : checked;
}

const expected: Record<Field["kind"], string> = {
  string: "a string",
  boolean: "a boolean",
  integer: "a whole number",
  number: "a number",
  strings: "a list of strings",
  stringMap: "an object whose values are strings",
  anything: "a list",
  logging: `one of ${loggingValues.join(", ")}`,
  source: "an asset or an archive",
  assets: "assets by path",
  archive: "an archive",
  connection: "an object",
  proxy: "an object",
};

const known = (value: Wire | undefined, test: (inner: Wire | undefined) => boolean): boolean => isUnknown(open(value)) || test(open(value));
const isText = (value: Wire | undefined): boolean => known(value, (inner) => typeof inner === "string");

function matches(field: Field, value: Wire): boolean {
  switch (field.kind) {
    case "string":
    case "boolean":
    case "number":
      return typeof value === field.kind;
    case "integer":
      return Number.isInteger(value);
    case "strings":
      return Array.isArray(value) && value.every(isText);
    case "stringMap":
      return isMap(value) && !isSource(value) && Object.values<Wire>(value).every(isText);
    case "anything":
      return Array.isArray(value);
    case "logging":
      return typeof value === "string" && loggingValues.includes(value);
    case "source":
    case "archive":
      return isSource(value);
    default:
      return isMap(value);
  }
}
